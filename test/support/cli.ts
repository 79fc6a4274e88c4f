/** Runs the built command line as a user does: bin/prov.js in a process of its own, away from the user's own settings. */
import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { scratch } from './scratch.ts'

export const ROOT = resolve(import.meta.dirname, '../..')
export const BIN = resolve(ROOT, 'bin/prov.js')

export interface Run {
  /** Added to the environment, which holds no more than PATH, HOME, DOCKER_CONFIG and NO_COLOR. */
  readonly env?: Readonly<Record<string, string>>
  /** Standard input; none (closed) by default. */
  readonly input?: string | Uint8Array
  readonly cwd?: string
  /** Milliseconds until SIGKILL; default 240,000: a busy machine is no hang. */
  readonly timeout?: number
  /** Called with the process once it runs, e.g. to kill it from a proxy. */
  readonly started?: (child: ChildProcess) => void
}

export interface Outcome {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** For payloads. */
  readonly bytes: Buffer
}

let home: string | undefined

/** The environment of every process that the tests start. */
export function cleanEnv(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  home ??= scratch()
  return { PATH: process.env['PATH'] ?? '', HOME: home, DOCKER_CONFIG: `${home}/.docker`, NO_COLOR: '1', ...more }
}

/**
 * Runs any program to its end; never throws for an exit status.
 *
 * @example const { code, stderr } = await run(tool('cosign-v2'), ['verify', '--key', 'cosign.pub', image])
 */
export async function run(command: string, args: readonly string[], options: Run = {}): Promise<Outcome> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: cleanEnv(options.env),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeout ?? 240_000,
    killSignal: 'SIGKILL',
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.on('error', () => undefined) // a process that ends before it has read its input is no failure of the test's
  child.stdin.end(options.input)
  options.started?.(child)
  const code = await new Promise<number | null>((ended, failed) => {
    child.on('error', failed)
    child.on('close', ended)
  })
  const bytes = Buffer.concat(out)
  return { code, stdout: bytes.toString(), stderr: Buffer.concat(err).toString(), bytes }
}

/**
 * Runs prov.
 *
 * @example expect(await prov(['verify', '--storage', 'tekton', '--key', PUBLIC_KEY, file])).toMatchObject({ code: 0 })
 */
export async function prov(args: readonly string[], options: Run = {}): Promise<Outcome> {
  return run(process.execPath, [BIN, ...args], options)
}
