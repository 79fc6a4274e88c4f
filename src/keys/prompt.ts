/** Asks for a password on the terminal, without echo. */
import { openSync, writeFileSync } from 'node:fs'
import type { ReadStream } from 'node:tty'

export interface Terminal {
  /** Raw key presses; resumed while the question stands, destroyed at its end. */
  readonly input: ReadStream
  write(text: string): void
}

/**
 * The controlling terminal, also when standard input and output are pipes; undefined when there is none (a CI job).
 *
 * @example openTerminal()?.write('hello')
 */
export function openTerminal(path = '/dev/tty'): Terminal | undefined {
  try {
    // Asked for here: it brings node:net, which few commands need.
    const tty = process.getBuiltinModule('node:tty')
    const input = new tty.ReadStream(openSync(path, 'r'))
    return { input, write: (text) => writeFileSync(path, text) }
  } catch {
    return undefined
  }
}

/**
 * Asks once. Enter ends the answer, Backspace and Ctrl-U edit it, Ctrl-D gives up (undefined), and Ctrl-C calls `interrupt`
 * after the terminal is as it was. Nothing typed is shown.
 *
 * @example await ask(terminal, 'Password of cosign.key: ', () => process.exit(130))
 */
export function ask(terminal: Terminal, question: string, interrupt: () => void): Promise<string | undefined> {
  const { input } = terminal
  return new Promise((resolve) => {
    let typed: string[] = []
    const finish = (answer: string | undefined): void => {
      input.setRawMode(false)
      input.destroy()
      terminal.write('\n')
      resolve(answer)
    }
    input.on('close', () => resolve(undefined)) // the terminal went away
    input.setEncoding('utf8')
    input.on('data', (chunk: string) => {
      for (const key of chunk) {
        if (key === '\r' || key === '\n') return finish(typed.join(''))
        if (key === '\u0004') return finish(undefined)
        if (key === '\u0003') {
          finish(undefined)
          return interrupt()
        }
        if (key === '\u007f' || key === '\b') typed.pop()
        else if (key === '\u0015') typed = []
        else typed.push(key)
      }
    })
    input.setRawMode(true) // before the question: what is typed early must not be shown either
    terminal.write(question)
  })
}
