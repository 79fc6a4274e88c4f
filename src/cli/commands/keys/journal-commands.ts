/** The commands of `prov keys` that work on a journal: the life of a signing key. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { count, withCommon, withReach, withTruth } from '../../options.ts'
import type {
  ImportOptions,
  InitOptions,
  JournalOptions,
  PruneOptions,
  RevokeOptions,
  RotateOptions,
  ShowOptions,
} from './journal-flags.ts'

/** @example for (const command of journalCommands(io, exit)) keys.addCommand(command) */
export function journalCommands(io: Io, exit: Exit): readonly Command[] {
  return [init(io), rotate(io, exit), journal(io), importing(io), prune(io, exit), revoke(io), doctor(io, exit)]
}

function withJournal(command: Command, ...examples: readonly string[]): Command {
  const where = withTruth(command).option(
    '--store <PLACE>',
    'key store: folder:PATH or secret:NAMESPACE/NAME (or set keys.store)',
  )
  return withCommon(withReach(where)).addHelpText(
    'after',
    `\nExamples:\n${examples.map((one) => `  ${one}`).join('\n')}`,
  )
}

function withPassword(command: Command): Command {
  return command.option(
    '--password-file <FILE>',
    'password of the keys in the store (else PROV_PASSWORD, COSIGN_PASSWORD, or a prompt)',
  )
}

function init(io: Io): Command {
  const command = new Command('init')
    .summary('make a journal for a key store')
    .description(
      'Makes the journal of a key store in the database of --truth. One that is there stays as it is. No key is made: prov keys rotate does so.',
    )
    .option('--name <NAME>', 'what people call the journal', 'prov')
  return withJournal(
    command,
    'prov keys init --truth sqlite:/var/lib/prov/truth.db \\\n    --store folder:/etc/prov/keys',
  ).action(async (options: InitOptions) => (await import('./run-journal.ts')).runKeysInit(options, io))
}

function rotate(io: Io, exit: Exit): Command {
  const command = withPassword(new Command('rotate'))
    .summary('make the next key, and let it sign once it is public')
    .description(
      'Does what is due: makes the next key half way through the validity of the active one, publishes it, lets it sign once every public URL shows ' +
        'it, and removes private keys whose validity is over. Can be stopped anywhere, and run as often as you like.',
    )
    .addOption(
      new Option('--step <STEP>', 'prepare: make and publish the next key now; activate: let it sign')
        .choices(['prepare', 'activate', 'auto'])
        .default('auto'),
    )
    .option('--unsafe', 'let a key sign that may not be public yet; the journal remembers it')
  return withJournal(
    command,
    'prov keys rotate --truth postgres://prov@db/prov --store secret:ci/prov-keys',
    'prov keys rotate --step prepare --password-file keys.password',
  ).action(async (options: RotateOptions) => exit(await (await import('./run-rotate.ts')).runKeysRotate(options, io)))
}

function journal(io: Io): Command {
  const command = new Command('journal')
    .summary('list the keys of a journal')
    .description('Lists every key of the journal with its status and times. Shows no private key.')
    .addOption(new Option('--events <N>', 'also the newest events').argParser(count))
  return withJournal(
    command,
    'prov keys journal --truth postgres://prov@db/prov --store folder:keys',
    'prov keys journal --json > journal.json',
  ).action(async (options: ShowOptions) => (await import('./run-journal.ts')).runKeysJournal(options, io))
}

function importing(io: Io): Command {
  const command = withPassword(new Command('import'))
    .summary('take earlier keys into a journal')
    .description(
      'Takes keys into the journal, each once: from a folder of NAME.key and NAME.pub, a PEM file of public keys, or the file of a journal. Keys of a ' +
        'folder verify but do not sign; --active names the one that does. The file of a journal that the database has lost makes it anew.',
    )
    .requiredOption('--from <FILE>', 'a folder, a PEM file, or the file of a journal')
    .option('--active <NAME>', 'key of the folder that signs from now on: its name without .key, or its kid')
  return withJournal(
    command,
    'prov keys import --from keys/ --active cosign --store folder:/etc/prov/keys',
    'prov keys import --from journal.json',
  ).action(async (options: ImportOptions) => (await import('./run-import.ts')).runKeysImport(options, io))
}

function prune(io: Io, exit: Exit): Command {
  const command = new Command('prune')
    .summary('remove private keys and events that nobody needs')
    .description(
      'Removes private keys of retired and revoked keys, numbers of keys that were never made, and old events. Public keys and their rows stay for ' +
        'ever. Exit 3 when a row cannot be read; the others are pruned.',
    )
    .option('--events-older-than <AGE>', 'age of the events that go, or a date', '365d')
    .option('--dry-run', 'say what would go; remove nothing')
  return withJournal(command, 'prov keys prune --truth postgres://prov@db/prov --store folder:keys').action(
    async (options: PruneOptions) => exit(await (await import('./run-prune.ts')).runKeysPrune(options, io)),
  )
}

function revoke(io: Io): Command {
  const command = new Command('revoke')
    .summary('say that a key must not be trusted')
    .description(
      'Revokes a key: what it signed since the time given must not be trusted. Its private key is removed, and its public key leaves the public set at ' +
        'once. This cannot be taken back.',
    )
    .argument('<KID>', 'kid of the key, as prov keys journal shows it')
    .requiredOption('--reason <TEXT>', 'why; everybody can read it')
    .requiredOption('--since <WHEN>', 'since when: a date, or an age such as 2d')
  return withJournal(
    command,
    'prov keys revoke NzbLsXh8uDCcd-6M… --since 2026-11-01 \\\n    --reason "the disk of the CI machine was stolen"',
  ).action(async (kid: string, options: RevokeOptions) =>
    (await import('./run-prune.ts')).runKeysRevoke(kid, options, io),
  )
}

function doctor(io: Io, exit: Exit): Command {
  const command = withPassword(new Command('doctor'))
    .summary('say whether journal and key store belong together')
    .description(
      'Looks for keys of no journal, rows without a key, rows that cannot be read, and steps that are overdue; with a password tries the active key. ' +
        'Changes nothing.',
    )
  return withJournal(command, 'prov keys doctor --truth postgres://prov@db/prov --store folder:keys').action(
    async (options: JournalOptions) => exit(await (await import('./run-doctor.ts')).runKeysDoctor(options, io)),
  )
}
