/** `prov migrate`: move entries between backends, signed bytes untouched. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import {
  collect,
  count,
  INPUT,
  withCluster,
  withCommon,
  withFilters,
  withSigners,
  withTimeout,
  withTruth,
} from '../../options.ts'
import type { MigrateOptions } from './flags.ts'

export function migrateCommand(io: Io, exit: Exit): Command {
  const command = new Command('migrate')
    .summary('move entries between backends, signed bytes untouched')
    .description(
      'Reads every entry of one backend, verifies it, writes the same signed bytes in the native form of the others, and looks again. ' +
        'What is there already is skipped, so running it again goes on where it stopped. Nothing is ever replaced.',
    )
    .argument('[INPUT...]', `only what belongs to these runs: ${INPUT}`)
    .requiredOption('--from <BACKEND>', 'where the entries are')
    .requiredOption('--to <LIST>', 'where they shall be: backends, separated by commas')
    .addOption(repeated('--from-set <KEY=VALUE>', 'a configuration key for the source alone; may be repeated'))
    .addOption(repeated('--to-set <KEY=VALUE>', 'a configuration key for the targets alone; may be repeated'))
    .addOption(repeated('-k, --key <FILE>', 'public key under which entries verify; may be repeated'))
    .addOption(repeated('--image <REF>', 'only what belongs to this image, REPO@sha256:…; may be repeated'))
    .option('--run <UID|NAME>', 'only this run of the input')
    .option('--subject <SHA256>', 'only entries about the subject with this digest')
    .option('--format <LIST>', 'only entries of these formats')
    .option('--dry-run', 'count what would be moved, with its bytes; write nothing')
    .addOption(new Option('--rate <N>', 'places begun a second, at the most').argParser(count))
    .option('--include-unverified', 'move what does not verify as well, and say so of each')
    .option('--delete-source', 'take out of the source what a second look finds in every target')
    .option('--record <FILE>', 'add a signed record of what was moved to the file (in-toto Statements in envelopes)')
    .option('--record-key <FILE>', 'private key for the record')
    .option('--password-file <FILE>', 'password of that key (else PROV_PASSWORD, COSIGN_PASSWORD, or a prompt)')
    .option('--emit-job', 'print this migration as a Kubernetes Indexed Job, with as many pods as --shard /N says')
    .option('--job-image <IMAGE>', 'container image of prov for the Job')
    .option('--tekton-file <FILE>', 'file with the annotated runs, or for them')
  return withCommon(withTruth(withCluster(withFilters(withSigners(withTimeout(command))))))
    .addHelpText(
      'after',
      `
Examples:
  prov migrate --from oci --to docdb --key cosign.pub \\
    --set storage.oci.repository=ghcr.io/acme/signatures \\
    --set storage.docdb.url=sqlite:prov.db
  prov migrate --from tekton --to oci,s3 --key cosign.pub runs/
  prov migrate --from docdb --to docdb --key cosign.pub \\
    --from-set storage.docdb.url=mongo://chains/entries?id_field=Name \\
    --to-set storage.docdb.url=sqlite:prov.db --dry-run`,
    )
    .action(async (inputs: string[], options: MigrateOptions, self: Command) => {
      const { runMigrate } = await import('./run.ts')
      exit(await runMigrate(inputs, options, self.parent?.args ?? [], io))
    })
}

function repeated(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collect).default([])
}
