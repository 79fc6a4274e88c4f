/** The reports that the flags of `prov verify` ask for. */

import type { Settings } from '../../../config/settings.ts'
import { ProvError } from '../../../errors.ts'
import type { Io } from '../../../platform/io.ts'
import { shellWords } from '../../../platform/text/command-line.ts'
import { cutTo } from '../../../platform/text/shorten.ts'
import type { ReportHead } from '../../../report/forms/form.ts'
import type { Reports } from '../../../report/forms/open.ts'
import type { Trust } from '../../../trust/trust.ts'
import { summaryOf } from '../../../trust/trusted-keys.ts'
import { givenOf } from '../../given.ts'
import type { VerifyOptions } from './flags.ts'

/**
 * Opens them, or gives undefined when none is asked for: then nothing of them is loaded. Throws `usage`, `target_unwritable`, and for
 * the key of --vsa-key what a signing key throws.
 *
 * @example const reports = await reportsFor(options, io)
 */
export async function reportsFor(options: VerifyOptions, io: Io): Promise<Reports | undefined> {
  const { output, report, vsaKey } = options
  if (output.length === 0 && report === undefined && vsaKey === undefined) return undefined
  const [{ wantedReports }, { openReports }] = await Promise.all([
    import('../../../report/forms/wanted.ts'),
    import('../../../report/forms/open.ts'),
  ])
  const wanted = wantedReports(options, io.env)
  const signer = vsaKey === undefined ? {} : { signer: await signerOf(vsaKey, options, io) }
  return openReports(wanted, { stdout: io.stdout, now: io.now, random: io.random, ...signer })
}

async function signerOf(key: string, { passwordFile }: VerifyOptions, io: Io) {
  const [{ loadSigner }, { passwordSource }] = await Promise.all([
    import('../../../signing/open-signer.ts'),
    import('../../../keys/password.ts'),
  ])
  const password = passwordSource({ file: passwordFile, env: io.env, question: `Password of ${key}: ` })
  return loadSigner({ key, password, env: io.env })
}

/** Who verified with what, for the head of every report. @example await reports.begin(headOf({ … })) */
export function headOf(
  head: Omit<ReportHead, 'verifier' | 'trust'> & { readonly trust: Trust; readonly settings: Settings },
): ReportHead {
  const { trust, settings, ...rest } = head
  return {
    ...rest,
    trust: summaryOf(trust),
    verifier: settings.get('verifier.id') ?? '',
  }
}

/** What was asked for in words, and the repair that goes with it. @example scopeOf(['run.yaml'], options, ['oci']).scope // 'run.yaml' */
export function scopeOf(
  inputs: readonly string[],
  options: VerifyOptions,
  backends: readonly string[],
): Pick<ReportHead, 'scope' | 'repair'> {
  const given = givenOf(inputs, options, backends)
  const command = shellWords(['prov', 'repair', ...given.flags(), ...given.what])
  const scope = options.all === true ? 'everything' : [...inputs, ...options.image, ...options.statement].join(' ')
  return {
    scope: cutTo(scope, 120),
    repair: {
      command,
      ...(options.all === true || inputs.length === 0 || options.run !== undefined ? {} : { narrow: '--run' }),
    },
  }
}

/**
 * Throws `usage` for --output vsa over keys that nobody but a server vouches for: others would take the summary for more than that.
 *
 * @example refuseServersWord(options, trust)
 */
export function refuseServersWord({ output }: Pick<VerifyOptions, 'output'>, { keySets = [] }: Trust): void {
  const loose = keySets.find(({ word }) => word === 'server')
  if (loose === undefined || !output.some((text) => /^vsa(?:=|$)/.test(text))) return
  throw new ProvError(
    'usage',
    `--output vsa needs keys that are known: those of ${loose.source} are taken on the word of its server`,
    {
      hint: 'name who publishes them with --key-publisher regions.yaml, or give the keys as files',
    },
  )
}
