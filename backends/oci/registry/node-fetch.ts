/**
 * Stands in for node-fetch 2 in the bundle (see build.ts): the little of it that oci-registry-client touches when its requests go
 * through the HTTP layer of ours. The real one makes Node print deprecation warnings once bundled, and Node's own fetch costs every
 * command that reads a registry 20 ms to load.
 */

/** Header fields by lower-case name; several values of one name are joined as HTTP has it. */
export class Headers {
  readonly #fields = new Map<string, string>()

  constructor(init: Headers | Readonly<Record<string, string>> = {}) {
    const put = (value: string, name: string): void => this.set(name, value)
    if (init instanceof Headers) init.forEach(put)
    else for (const [name, value] of Object.entries(init)) put(value, name)
  }

  get(name: string): string | null {
    return this.#fields.get(name.toLowerCase()) ?? null
  }

  has(name: string): boolean {
    return this.#fields.has(name.toLowerCase())
  }

  set(name: string, value: string): void {
    this.#fields.set(name.toLowerCase(), String(value))
  }

  append(name: string, value: string): void {
    const before = this.get(name)
    this.set(name, before === null ? value : `${before}, ${value}`)
  }

  delete(name: string): void {
    this.#fields.delete(name.toLowerCase())
  }

  forEach(each: (value: string, name: string) => void): void {
    for (const [name, value] of this.#fields) each(value, name)
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#fields.entries()
  }
}

/** The library derives a class from it and, without requests of its own, never makes one. */
export class Response {}
