/** `prov reconcile`: what the truth and a backend do not both hold, and what to do about it. */
import { Command, Option } from 'commander'
import { ProvError } from '../../../errors.ts'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { collect, withCommon, withReach, withSigners, withTruth } from '../../options.ts'
import type { ReconcileOptions } from './flags.ts'

export function reconcileCommand(io: Io, exit: Exit): Command {
  const command = withTruth(new Command('reconcile'))
    .summary('compare the truth with its search index or a backend')
    .description(
      'With --index: says what the search index lacks, has wrong, or has too much. With --from: says what a backend holds and the truth does not; ' +
        'with --repair, entries that verify under the keys given become entries of the truth, so that they are found by prov search, and of the ' +
        'others the truth keeps why they were refused.',
    )
    .option('--index <URL>', 'compare this search index: redis://HOST/DATABASE (or set index.url)')
    .option('--from <BACKEND>', 'read every entry of this backend')
    .option('--repair', 'write what is missing; without it nothing is changed')
    .option('--prune', 'with --index: remove what is too much')
    .option('--rebuild', 'with --index: make it anew beside the one that is read, and switch')
    .option('--resume', 'with --rebuild: go on where an interrupted one stopped')
    .option('--since <WHEN>', 'with --index: only entries committed since then: a date, or an age such as 2h')
    .option('-k, --key <FILE>', 'with --from: trusted public key, or env://NAME; may be repeated', collect, [])
    .addOption(
      new Option('--image <REF>', 'with --from: only what belongs to this image, REPO@sha256:…; may be repeated')
        .argParser(collect)
        .default([]),
    )
    .option('--tekton-file <FILE>', "file for the tekton annotations, when not the run's own")
  return withCommon(withReach(withSigners(command)))
    .addHelpText(
      'after',
      `
Examples:
  prov reconcile --index redis://cache:6379/1 \\
    --truth sqlite:truth.db
  prov reconcile --index redis://cache:6379/1 --repair --prune \\
    --truth sqlite:truth.db
  prov reconcile --from oci --key cosign.pub \\
    --truth sqlite:truth.db
  prov reconcile --from oci --key cosign.pub --repair \\
    --truth sqlite:truth.db`,
    )
    .action(async (options: ReconcileOptions) => {
      if (options.from !== undefined) {
        if (options.index !== undefined) throw new ProvError('usage', 'give --index or --from, not both')
        const { runReconcileFrom } = await import('./run-from.ts')
        return exit(await runReconcileFrom(options, io))
      }
      const { runReconcileIndex } = await import('./run-index.ts')
      exit(await runReconcileIndex(options, io))
    })
}
