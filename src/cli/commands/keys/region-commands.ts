/** The commands of `prov keys` that make keys of several regions public. */
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import { durationMs } from '../../../platform/text/duration.ts'
import type { Exit } from '../../exit.ts'
import { collect, withCommon, withReach, withTruth } from '../../options.ts'
import type { MergeOptions, PublishOptions, StatusOptions } from './region-flags.ts'

/** @example for (const command of regionCommands(io, exit)) keys.addCommand(command) */
export function regionCommands(io: Io, exit: Exit): readonly Command[] {
  return [publish(io, exit), merge(io, exit), status(io, exit)]
}

const PLACE = 'gs://BUCKET/PATH, s3://BUCKET/PATH or file:FOLDER'

function publish(io: Io, exit: Exit): Command {
  const command = withTruth(new Command('publish'))
    .summary("write the file of a region's public keys")
    .description(
      'Signs the public keys of a journal, or of another issuer, as the file of one region, and writes it. Run it often: a region whose file is old ' +
        'counts as dead. Private keys are refused.',
    )
    .option('--region <NAME>', 'whose file it is (or set keys.region)')
    .option('--to <URL>', `where: ${PLACE} (or set keys.publish-to)`)
    .option('--from <URL|FILE>', 'take the keys of this key set; else those of the journal')
    .option('--publisher-key <FILE>', 'private key that signs the file, or env://NAME (or set keys.publisher-key)')
    .option('--password-file <FILE>', 'password of that key (else PROV_PASSWORD, COSIGN_PASSWORD, or a prompt)')
    .addOption(new Option('--expires <DURATION>', 'how long the file is fresh (default: 1d)').argParser(longDuration))
    .option('--store <PLACE>', 'key store of the journal: folder:PATH or secret:NAMESPACE/NAME (or set keys.store)')
  return withCommon(withReach(withWatch(command)))
    .addHelpText(
      'after',
      `
Examples:
  prov keys publish --region eu --to gs://prov-keys/jwks \\
    --publisher-key eu.key \\
    --truth postgres://prov@db/prov --store folder:keys
  prov keys publish --region dex --to s3://prov-keys/jwks \\
    --publisher-key dex.key --watch 60s \\
    --from https://dex.example.com/keys`,
    )
    .action(async (options: PublishOptions) =>
      exit(await (await import('./run-publish.ts')).runKeysPublish(options, io)),
    )
}

function merge(io: Io, exit: Exit): Command {
  const command = new Command('merge')
    .summary('merge the files of all regions into the public set')
    .description(
      'Verifies the file of every region and writes public/keys.json, a JWK set that anybody can read. A region whose file cannot be used keeps its ' +
        'last good keys (exit 3, and the rest is written). Any number of merges may run at one time.',
    )
    .requiredOption('--at <URL>', `where the files are: ${PLACE}`)
    .requiredOption('--regions <FILE>', 'the regions, and the public key of the publisher of each')
    .option('--listen <HOST:PORT>', 'with --watch: serve /metrics and /healthz there')
  return withCommon(withWatch(command))
    .addHelpText(
      'after',
      `
Examples:
  prov keys merge --at gs://prov-keys/jwks --regions regions.yaml
  prov keys merge --at s3://prov-keys/jwks --regions regions.yaml \\
    --watch 60s --listen 127.0.0.1:9090`,
    )
    .action(async (options: MergeOptions) => exit(await (await import('./run-merge.ts')).runKeysMerge(options, io)))
}

function status(io: Io, exit: Exit): Command {
  const command = new Command('status')
    .summary('say how old the keys of every region are')
    .description(
      'Reads the file of every region, the public set, and what each public URL serves. Exit 5 when one region is older than --max-age, whatever the ' +
        'others do; 3 when a file is forged or cannot be read.',
    )
    .requiredOption('--at <URL>', `where the files are: ${PLACE}`)
    .addOption(
      new Option('--max-age <DURATION>', 'oldest file that is well').argParser(longDuration).makeOptionMandatory(),
    )
    .option('--regions <FILE>', 'verify each file by the public key of its publisher; finds regions without a file')
    .addOption(
      new Option('--url <URL>', 'also what this URL serves; may be repeated (or set keys.public-urls)')
        .argParser(collect)
        .default([]),
    )
  return withCommon(command)
    .addHelpText(
      'after',
      `
Examples:
  prov keys status --at gs://prov-keys/jwks --max-age 1h \\
    --regions regions.yaml
  prov keys status --at file:jwks --max-age 1h \\
    --url https://keys.example.com/keys.json`,
    )
    .action(async (options: StatusOptions) => exit(await (await import('./run-status.ts')).runKeysStatus(options, io)))
}

function withWatch(command: Command): Command {
  return command.addOption(
    new Option('--watch <DURATION>', 'do it again so often, until SIGTERM').argParser(longDuration),
  )
}

const YEAR_MS = 365 * 86_400_000

function longDuration(value: string): number {
  const ms = durationMs(value)
  if (ms >= 1 && ms <= YEAR_MS) return ms
  throw new InvalidArgumentError('a duration such as 60s, 5m, 12h or 7d is wanted')
}
