/** Wall time and peak memory of whole processes, in rounds that take every contender in turn. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ROOT } from '../support/cli.ts'

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface Figure {
  /** Wall time, milliseconds. */
  readonly ms: number
  /** Peak resident memory, MB: the largest VmHWM that was seen, read every other millisecond. */
  readonly mb: number
}

function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0 // it has ended
  }
}

/** Runs one process to its end; throws with its stderr when it fails. */
export async function once({ command, args, env }: Command): Promise<Figure> {
  const began = performance.now()
  const child = spawn(command, args, { cwd: ROOT, env: { ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  let mb = 0
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const watch = setInterval(() => {
    mb = Math.max(mb, peakOf(child.pid ?? 0))
  }, 2)
  const code = await new Promise((ended, failed) => child.on('error', failed).on('exit', ended))
  const ms = performance.now() - began
  clearInterval(watch)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code}\n${said}`)
  return { ms, mb }
}

/** Several processes one after the other, as one: times add up, the largest peak counts. */
export async function inTurn(commands: readonly Command[]): Promise<Figure> {
  let all: Figure = { ms: 0, mb: 0 }
  for (const command of commands) {
    const { ms, mb } = await once(command)
    all = { ms: all.ms + ms, mb: Math.max(all.mb, mb) }
  }
  return all
}

/** The middle of the figures, each of the two on its own. */
export function median(figures: readonly Figure[]): Figure {
  const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
  return { ms: middle(figures.map(({ ms }) => ms)), mb: middle(figures.map(({ mb }) => mb)) }
}

/**
 * Measures contenders in rounds, so that a busy moment of the machine hits all of them; the first round only warms up.
 *
 * @example const { prov, peer } = await rounds(10, { prov: async () => once(…), peer: async () => once(…) })
 */
export async function rounds<K extends string>(
  n: number,
  contenders: Readonly<Record<K, () => Promise<Figure>>>,
): Promise<Record<K, Figure>> {
  const names = Object.keys(contenders) as K[]
  const figures = new Map<K, Figure[]>(names.map((name) => [name, []]))
  for (let round = 0; round <= n; round += 1) {
    for (const name of names) {
      const figure = await contenders[name]()
      if (round > 0) figures.get(name)?.push(figure)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(figures.get(name) ?? [])])) as Record<K, Figure>
}
