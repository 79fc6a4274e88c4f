/** `jsonl`: one line of JSON an artifact, as it stands in `--json`, and one for the summary. */

import { escapeControlJson } from '../../platform/text/escape-control.ts'
import type { OpenForm } from './form.ts'

/** @example jsonl(tools).artifact(one) // '{"record":"artifact","artifact":"TaskRun …","rows":[…]}\n' */
export const jsonl: OpenForm = () => {
  let known = {}
  return {
    begin({ version, began, backends, demands, trust }) {
      known = { version, began: new Date(began).toISOString(), backends, demands, trust }
      return ''
    },
    artifact: (one) => line({ record: 'artifact', ...one }),
    end({ exit, ended, totals, notes }) {
      return line({
        record: 'summary',
        command: 'verify',
        exit,
        ...known,
        ended: new Date(ended).toISOString(),
        totals,
        notes,
      })
    },
  }
}

function line(value: object): string {
  return `${escapeControlJson(JSON.stringify(value))}\n`
}
