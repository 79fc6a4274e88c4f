/**
 * Runs the walks of the docs as a reader would type them. A page with `<!-- walk: FROM=TO… -->` begins in a folder that holds these files
 * or folders of fixtures/ and nothing else; each of its ```sh blocks runs there in turn, and the ```text block right below it shows what that printed. A block
 * after `<!-- not run -->` is only read. No network, no server: the stores are the embedded ones.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { BIN, ROOT, run } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const WALK = /<!-- walk:([^>]*?) -->/
const BLOCK = /(<!-- not run -->\n)?```sh\n([\s\S]*?)```\n(?:\n```text\n[\s\S]*?```\n)?/g

export interface Machine {
  /** What starts prov. */
  readonly prov: readonly string[]
  /** Folders with the other commands. */
  readonly path: string
}

const THIS: Machine = { prov: [process.execPath, BIN], path: `/usr/bin${delimiter}/bin` }

/** The page with every shown output as prov prints it now; a page without a walk comes back as it is. */
export async function withOutput(page: string, machine = THIS): Promise<string> {
  const walk = WALK.exec(page)
  if (walk === null) return page
  const folder = join(scratch(), 'walk')
  mkdirSync(folder)
  for (const from of (walk[1] ?? '').trim().split(/\s+/)) {
    const [source = '', target = ''] = from.split('=')
    if (source === '') continue
    mkdirSync(dirname(join(folder, target)), { recursive: true })
    cpSync(join(ROOT, 'fixtures', source), join(folder, target), { recursive: true })
  }
  const tools = provOnPath(machine)
  let made = ''
  let end = 0
  for (const match of page.matchAll(BLOCK)) {
    const [whole, notRun, commands = ''] = match
    made += page.slice(end, match.index)
    end = match.index + whole.length
    if (notRun !== undefined || match.index < walk.index) {
      made += whole
      continue
    }
    const printed = await printedBy(commands, folder, tools, machine)
    made += `\`\`\`sh\n${commands}\`\`\`\n${printed === '' ? '' : `\n\`\`\`text\n${printed}\`\`\`\n`}`
  }
  return made + page.slice(end)
}

/** What a terminal would show, and the exit status where it is not 0. What a block exports is there for the next. */
async function printedBy(commands: string, folder: string, tools: string, { path }: Machine): Promise<string> {
  const env = { PATH: `${tools}${delimiter}${path}`, HOME: tools, TZ: 'UTC', LC_ALL: 'C.UTF-8' }
  const kept = join(tools, 'exported')
  const script = `exec 2>&1\n[ ! -e ${kept} ] || . ${kept}\ntrap 'export -p > ${kept}' EXIT\n${commands}`
  const { code, bytes } = await run('bash', ['-c', script], { cwd: folder, env })
  const text = bytes.toString().replace(/^(key id +)SHA256:\S+$/gm, '$1SHA256:…')
  const lines = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return code === 0 ? lines : `${lines}(exit ${code})\n`
}

/**
 * A folder with the command `prov`. Keys of a walk are thrown away: so that what it prints is the same every time, the pair of fixtures/
 * takes the place of the one that `prov keys generate` made, and its password that of the reader.
 */
function provOnPath({ prov }: Machine): string {
  const folder = scratch()
  const command = prov.map((word) => `'${word}'`).join(' ')
  const script = `#!/bin/sh
export PROV_PASSWORD=${PASSWORD}
[ "$1 $2" = 'keys generate' ] || exec ${command} "$@"
${command} "$@" || exit
cp '${PRIVATE_KEY}' cosign.key
cp '${PUBLIC_KEY}' cosign.pub
`
  writeFileSync(join(folder, 'prov'), script, { mode: 0o755 })
  return folder
}
