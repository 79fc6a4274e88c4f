/** Runs the command line in this process, on streams of the test's own: quick, and on a terminal of any width. */
import { randomBytes } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import { main } from '../../src/cli/main.ts'
import type { Io } from '../../src/platform/io.ts'

export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface World {
  readonly env?: Readonly<Record<string, string>>
  /** Columns of the terminal that both streams are; none: they are pipes. */
  readonly columns?: number
  readonly signal?: AbortSignal
}

/**
 * @example expect(await provHere(['verify', '--storage', 'nope', '--json', file])).toMatchObject({ code: 2 })
 */
export async function provHere(args: readonly string[], world: World = {}): Promise<Said> {
  const out = sink(world.columns)
  const err = sink(world.columns)
  const io: Io = {
    stdin: Readable.from([]),
    stdout: out.stream,
    stderr: err.stream,
    env: { NO_COLOR: '1', ...world.env },
    signal: world.signal ?? new AbortController().signal,
    now: Date.now,
    random: randomBytes,
  }
  const code = await main(args, io)
  return { code, stdout: out.text(), stderr: err.text() }
}

function sink(columns: number | undefined): { readonly stream: Io['stdout']; readonly text: () => string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer | string, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  const terminal = columns === undefined ? {} : { isTTY: true, columns }
  return { stream: Object.assign(stream, terminal), text: () => Buffer.concat(chunks).toString() }
}
