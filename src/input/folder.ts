/** Which files of a folder are read as inputs, those of the folders in it included. Nothing but folders is opened here. */
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'

/** Why something in a folder is not read. */
export type NotRead = 'hidden' | 'node_modules' | 'links' | 'special' | 'others'

/** What each means, with its number before it. */
export const NOT_READ: Readonly<Record<NotRead, string>> = {
  hidden: 'hidden',
  node_modules: 'node_modules',
  links: 'links that lead out or nowhere',
  special: 'no regular files',
  others: 'neither YAML nor JSON',
}

/** Notes what is left out, and reserves room for files. */
export interface FolderCount {
  notRead(why: NotRead): void
  /** Called with the numbers so far; throws when there are too many. */
  room(files: number, names: number): void
}

/**
 * The `*.yaml`, `*.yml` and `*.json` files below a folder, in the order of their names. A link counts when it leads to a file of the folder
 * that is not read under its own name. Rejects with Node's own error for a folder that cannot be read.
 *
 * @example for await (const file of filesBelow('runs', count)) console.log(file) // 'runs/a.yaml', 'runs/ci/b.json'
 */
export async function* filesBelow(root: string, count: FolderCount): AsyncGenerator<string, void> {
  const home = await realpath(root)
  const links: string[] = []
  const read = new Set<string>([])
  const entered = new Set<string>([home])
  let names = 0

  /** Of one folder; `real` is where it really is. Links are put off until everything else was read. */
  async function* below(folder: string, real: string): AsyncGenerator<string, void> {
    let open: { readonly folder: string; readonly real: string }[] = [{ folder, real }]
    for (let at = open.shift(); at !== undefined; at = open.shift()) {
      const inside: { readonly folder: string; readonly real: string }[] = []
      for (const one of (await readdir(at.folder, { withFileTypes: true })).toSorted(byName)) {
        count.room(read.size, ++names)
        const path = join(at.folder, one.name)
        const here = join(at.real, one.name)
        if (one.name.startsWith('.')) count.notRead('hidden')
        else if (one.isSymbolicLink()) links.push(path)
        else if (one.isDirectory()) {
          if (one.name === 'node_modules') count.notRead('node_modules')
          else if (!entered.has(here)) {
            entered.add(here)
            inside.push({ folder: path, real: here })
          }
        } else if (!one.isFile()) count.notRead('special')
        else if (!isInput(one.name)) count.notRead('others')
        else if (!read.has(here)) {
          read.add(here)
          count.room(read.size, names)
          yield path
        }
      }
      if (inside.length > 0) open = [...inside, ...open]
    }
  }

  yield* below(root, home)
  for (let link = links.shift(); link !== undefined; link = links.shift()) {
    const to = await realpath(link).catch(() => undefined)
    const facts = to === undefined ? undefined : await stat(to).catch(() => undefined)
    if (to === undefined || facts === undefined || !(to === home || to.startsWith(home + sep))) count.notRead('links')
    else if (facts.isDirectory()) {
      if (entered.has(to) || to.slice(home.length).split(sep).includes('node_modules')) continue
      entered.add(to)
      yield* below(link, to)
    } else if (!facts.isFile()) count.notRead('special')
    else if (!isInput(link)) count.notRead('others')
    else if (!read.has(to)) {
      read.add(to)
      count.room(read.size, names)
      yield link
    }
  }
}

function isInput(name: string): boolean {
  return /\.(ya?ml|json)$/.test(name)
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1
}
