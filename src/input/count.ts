/** What was read, and what was not, so that the user can see that it was the right folder. */
import { NOT_READ, type NotRead } from './folder.ts'

/** What was read, and what was not: whoever named a folder has to see that it was the right one. */
export interface InputCount {
  readonly files: number
  readonly runs: number
  /** Files of folders that were read and hold no run. */
  readonly withoutRun: number
  /** Things in folders that were not read, by the reason. */
  readonly notRead: Readonly<Partial<Record<NotRead, number>>>
}

/**
 * The count in words.
 *
 * @example inputText({ files: 17, runs: 19, withoutRun: 1, notRead: { hidden: 2 } }) // 'read 17 files, 19 runs; 1 holds no run; not read: 2 hidden'
 */
export function inputText({ files, runs, withoutRun, notRead }: InputCount): string {
  const read = [...(files === 0 ? [] : [numbered(files, 'file')]), numbered(runs, 'run')].join(', ')
  const without = withoutRun === 0 ? '' : `; ${withoutRun} of the files hold${withoutRun === 1 ? 's' : ''} no run`
  const reasons = (Object.keys(NOT_READ) as NotRead[]).flatMap((why) =>
    notRead[why] === undefined ? [] : [`${notRead[why]} ${NOT_READ[why]}`],
  )
  return `read ${read}${without}${reasons.length === 0 ? '' : `; not read: ${reasons.join(', ')}`}`
}

function numbered(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
