/** `prov truth`: make a source of truth, look after it, and bring it back. */
import { Command } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { withCommon, withTruth } from '../../options.ts'
import type { TruthOptions } from './flags.ts'

export function truthCommand(io: Io, exit: Exit): Command {
  const one = (name: string, summary: string, description: string, example: string): Command =>
    withCommon(withTruth(new Command(name)).summary(summary).description(description)).addHelpText(
      'after',
      `\nExamples:\n  ${example}`,
    )
  return new Command('truth')
    .helpCommand(false)
    .summary('make and look after a source of truth')
    .description('Makes a source of truth, checks it, backs it up and brings it back.')
    .addCommand(
      one(
        'init',
        'make the tables',
        'Makes the tables of a new truth. One that is there stays as it is. For SQLite prov store does so by itself.',
        'prov truth init --truth postgres://prov@db/prov',
      ).action(async (options: TruthOptions) => (await import('./run.ts')).runTruthInit(options, io)),
    )
    .addCommand(
      one(
        'migrate',
        'bring the tables to the schema of this program',
        'Brings the tables of an older truth to the schema of this program. Only this command and init change tables.',
        'prov truth migrate --truth postgres://prov@db/prov',
      ).action(async (options: TruthOptions) => (await import('./run.ts')).runTruthMigrate(options, io)),
    )
    .addCommand(
      one(
        'check',
        'say whether it can be relied on, and what it owes',
        'Looks at server or file, schema, workers and what is owed. Exit 7 when something is owed that no worker serves.',
        'prov truth check --truth sqlite:/var/lib/prov/truth.db',
      ).action(async (options: TruthOptions) => exit(await (await import('./run.ts')).runTruthCheck(options, io))),
    )
    .addCommand(
      one(
        'adopt',
        'take a restored truth into use',
        'After a restore from a backup: whoever held a delivery before can settle nothing any more, and workers go on.',
        'prov truth adopt --truth postgres://prov@db/prov',
      ).action(async (options: TruthOptions) => (await import('./run.ts')).runTruthAdopt(options, io)),
    )
    .addCommand(
      one(
        'backup',
        'copy a truth in SQLite while it is in use',
        'Copies the file of a truth in SQLite, whole or not at all. For PostgreSQL use pg_dump or its archive of the log.',
        'prov truth backup --truth sqlite:truth.db truth-copy.db',
      )
        .argument('<FILE>', 'the new file')
        .action(async (file: string, options: TruthOptions) =>
          (await import('./run.ts')).runTruthBackup(file, options, io),
        ),
    )
    .addCommand(
      one(
        'grants',
        'print the roles as SQL',
        'Prints statements that make the roles of PostgreSQL for stores, workers, importers, readers and keys. Changes nothing.',
        'prov truth grants --truth postgres://prov@db/prov | psql …',
      ).action(async (options: TruthOptions) => (await import('./run.ts')).runTruthGrants(options, io)),
    )
}
