/** What the page's script uses of the browser, for the type checker. All ids that it asks for stand on the page. */

interface PageElement {
  value: string
  checked: boolean
  hidden: boolean
  textContent: string
  readonly type: string
  readonly dataset: Readonly<Record<string, string>>
  readonly classList: { toggle(name: string, on?: boolean): boolean; contains(name: string): boolean }
  append(...children: readonly (PageElement | string)[]): void
  prepend(...children: readonly PageElement[]): void
  after(...children: readonly PageElement[]): void
  remove(): void
  replaceChildren(...children: readonly PageElement[]): void
  setAttribute(name: string, value: string): void
  getAttribute(name: string): string | null
  querySelector(selector: string): PageElement | null
  querySelectorAll(selector: string): Iterable<PageElement>
  closest(selector: string): PageElement | null
  readonly parentElement: PageElement | null
  matches(selector: string): boolean
  focus(options?: { preventScroll: boolean }): void
  scrollIntoView(): void
  addEventListener(type: string, listener: (event: PageEvent) => void): void
}

interface PageEvent {
  readonly key: string
  /** Of an event that the server sent. */
  readonly data: string
  readonly target: PageElement
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  preventDefault(): void
}

declare const document: {
  readonly activeElement: PageElement
  getElementById(id: string): PageElement
  createDocumentFragment(): PageElement
  createElement(tag: string): PageElement
  querySelector(selector: string): PageElement
  querySelectorAll(selector: string): Iterable<PageElement>
  addEventListener(type: string, listener: (event: PageEvent) => void): void
}

declare class Element {
  readonly nodeName: string
}

declare class HTMLInputElement extends Element {}

declare class EventSource {
  constructor(url: string)
  addEventListener(type: string, listener: (event: PageEvent) => void): void
  close(): void
}

declare class IntersectionObserver {
  constructor(seen: (entries: readonly { readonly isIntersecting: boolean }[]) => void, options: { rootMargin: string })
  observe(element: PageElement): void
}

declare function addEventListener(type: string, listener: (event: PageEvent) => void): void
declare function setTimeout(work: () => void, ms: number): number
declare function clearTimeout(timer: number | undefined): void
declare function getSelection(): { selectAllChildren(element: PageElement): void }
declare const navigator: { readonly clipboard?: { writeText(text: string): Promise<void> } }
