/** `prov outbox`: what a source of truth owes, and what is to become of it. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { collect, count, withCommon, withReach, withSigners, withTruth } from '../../options.ts'
import type { DropOptions, ForgetOptions, LsOptions, PruneOptions, RetryOptions } from './flags.ts'

export function outboxCommand(io: Io, exit: Exit): Command {
  return new Command('outbox')
    .helpCommand(false)
    .summary('show and decide what a source of truth owes')
    .description('Shows the deliveries of a source of truth, and lets an operator decide about those that need it.')
    .addCommand(ls(io))
    .addCommand(retry(io, exit))
    .addCommand(drop(io))
    .addCommand(prune(io, exit))
    .addCommand(forget(io))
}

function ls(io: Io): Command {
  const command = withTruth(new Command('ls'))
    .summary('list deliveries')
    .description('Lists deliveries, oldest first, with what went wrong the last time.')
    .option('--state <STATE>', 'only waiting, pending, held, gone, done, superseded, dropped or quarantined')
    .option('--target <BACKEND>', 'only those of this backend')
    .option('--run <UID>', 'only those of this run')
    .option('--since <WHEN>', 'only what has changed since then: a date, or an age such as 2h')
    .addOption(new Option('--limit <N>', 'so many at most (default: 1000)').argParser(count))
    .option('--count', 'only how many there are, by backend and state')
  return withCommon(command)
    .addHelpText(
      'after',
      `
Examples:
  prov outbox ls --truth sqlite:truth.db --count
  prov outbox ls --truth sqlite:truth.db --state held --target oci`,
    )
    .action(async (options: LsOptions) => {
      const { runOutboxLs } = await import('./run.ts')
      await runOutboxLs(options, io)
    })
}

function retry(io: Io, exit: Exit): Command {
  const command = withTruth(new Command('retry'))
    .summary('try deliveries again')
    .description('Makes deliveries that are held or gone pending, and those that wait for their next try due at once.')
    .argument('[ID...]', 'numbers of deliveries, as ls shows them')
    .option('--all', 'all of the backend of --target')
    .option('--target <BACKEND>', 'with --all: the backend')
    .option('--quarantined', 'entries that did not verify: verify them again, and let go those that do')
    .option('-k, --key <FILE>', 'with --quarantined: trusted public key, or env://NAME; may be repeated', collect, [])
  return withCommon(withSigners(command))
    .addHelpText(
      'after',
      `
Examples:
  prov outbox retry 17 18 --truth sqlite:truth.db
  prov outbox retry --all --target oci --truth sqlite:truth.db
  prov outbox retry --quarantined --key cosign.pub \\
    --truth sqlite:truth.db`,
    )
    .action(async (ids: string[], options: RetryOptions) => {
      const { runOutboxRetry } = await import('./run.ts')
      exit(await runOutboxRetry(ids, options, io))
    })
}

function drop(io: Io): Command {
  const command = withTruth(new Command('drop'))
    .summary('give up deliveries')
    .description(
      'Gives up copies that are owed; who did so and why is kept. A run of which a required copy was given up is not marked as signed: its mark is given up as well.',
    )
    .argument('<ID...>', 'numbers of deliveries, as ls shows them')
    .requiredOption('--reason <TEXT>', 'why; kept in the truth')
    .option('--yes', 'also more than 100 at one time')
  return withCommon(command)
    .addHelpText(
      'after',
      `
Examples:
  prov outbox drop 17 --reason "registry is gone for good" \\
    --truth sqlite:truth.db`,
    )
    .action(async (ids: string[], options: DropOptions) => {
      const { runOutboxDrop } = await import('./run.ts')
      await runOutboxDrop(ids, options, io)
    })
}

function prune(io: Io, exit: Exit): Command {
  const command = withTruth(new Command('prune'))
    .summary('remove entries whose copies are confirmed')
    .description(
      'Removes entries from the truth once a fresh look finds their bytes in every required backend. What is pending, held or quarantined stays, ' +
        'whatever its age. A removed entry leaves its name behind, so that nobody signs the artifact again.',
    )
    .option('-s, --storage <LIST>', 'backends to look into (or set PROV_STORAGE)')
    .option('-k, --key <FILE>', 'trusted public key, or env://NAME; may be repeated', collect, [])
    .option('--older-than <AGE>', 'only entries committed before: an age such as 90d, or a date (else truth.retention)')
    .addOption(
      new Option('--keep-in <N>', 'backends that must hold the bytes (default: every required one)').argParser(count),
    )
    .option('--dry-run', 'say what would be removed; remove nothing')
    .option('--tekton-file <FILE>', "file for the tekton annotations, when not the run's own")
  return withCommon(withReach(withSigners(command)))
    .addHelpText(
      'after',
      `
Examples:
  prov outbox prune --storage oci,gcs --key cosign.pub \\
    --older-than 90d --truth sqlite:truth.db`,
    )
    .action(async (options: PruneOptions) => {
      const { runOutboxPrune } = await import('./prune.ts')
      exit(await runOutboxPrune(options, io))
    })
}

function forget(io: Io): Command {
  const command = withTruth(new Command('forget'))
    .summary('remove what is kept of a run')
    .description(
      'Removes what the truth keeps of a run beside its signed payload. Where nothing is owed any more, that has happened already.',
    )
    .requiredOption('--run <UID>', 'the run')
  return withCommon(command)
    .addHelpText(
      'after',
      `
Examples:
  prov outbox forget --truth sqlite:truth.db \\
    --run b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9`,
    )
    .action(async (options: ForgetOptions) => {
      const { runOutboxForget } = await import('./run.ts')
      await runOutboxForget(options, io)
    })
}
