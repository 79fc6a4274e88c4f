/** Flags that several commands share, spelled once. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { durationMs } from '../platform/text/duration.ts'

export interface CommonOptions {
  readonly config?: string
  readonly set: readonly string[]
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
}

export interface InputOptions extends ClusterFlags {
  readonly storage?: string
  readonly image: readonly string[]
  readonly run?: string
  readonly statement: readonly string[]
  readonly predicate?: string
  readonly type?: string
  readonly subject?: readonly string[]
  readonly format?: string
  readonly tektonFile?: string
  readonly timeout?: number
  readonly truth?: string
}

/** Which cluster, for runs that are read from one and for the annotations of live runs. */
export interface ClusterFlags {
  readonly namespace?: string
  readonly kubeconfig?: string
  readonly context?: string
}

/** What every INPUT may be. */
export const INPUT =
  'files with Tekton runs (YAML or JSON), or folders of them, walked to the last, - for standard input, or taskrun/NAME and pipelinerun/NAME of a cluster'

/** Collects a flag that may be given more than once. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}

/** A whole number of at least 1; commander prints the reason. */
export function count(value: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(value)) throw new InvalidArgumentError('a whole number from 1 is wanted')
  return Number(value)
}

/** A whole number from 0; commander prints the reason. */
export function countFromZero(value: string): number {
  if (!/^(?:0|[1-9][0-9]?)$/.test(value)) throw new InvalidArgumentError('a whole number from 0 to 99 is wanted')
  return Number(value)
}

/** The flags of src/setup/keys.ts beside --key. @example withSigners(new Command('verify')) */
export function withSigners(command: Command): Command {
  return withIdentities(command)
    .option('--key-publisher <FILE>', 'who signs the keys of each region, for a --key that is an https URL')
    .addOption(
      new Option('--log-threshold <N>', 'transparency logs that must hold a signature').argParser(countFromZero),
    )
    .addOption(
      new Option('--timestamp-threshold <N>', 'proofs of time that a signature needs').argParser(countFromZero),
    )
}

/** Those of them that a command needs which signs as well. @example withIdentities(new Command('store')) */
export function withIdentities(command: Command): Command {
  return command
    .option('--keyring <FILE>', 'keys and identities that are trusted, each with its time')
    .option('--certificate-identity <ID>', 'trust who holds a certificate for this e-mail or URI; or a pattern /^…$/')
    .option('--certificate-oidc-issuer <URL>', 'the issuer that vouches for this identity; or a pattern /^…$/')
    .option('--trusted-root <FILE>', 'Sigstore trusted root (default: the public-good one, refreshed)')
    .option('--ca-file <FILE>', 'certificate authority to trust beside those of the root: its chain, PEM')
    .option('--offline', 'refresh no trusted root: use the one that was saved')
    .addOption(
      new Option('--sct-threshold <N>', 'certificate logs that must hold a certificate').argParser(countFromZero),
    )
}

/** @example withTruth(new Command('list')) */
export function withTruth(command: Command): Command {
  return command.option('--truth <URL>', 'the source of truth: sqlite:FILE or postgres://USER@HOST/DATABASE')
}

/** Milliseconds of a duration from 1 ms to a day; commander prints the reason. */
export function duration(value: string): number {
  const ms = durationMs(value)
  if (ms >= 1 && ms <= 24 * 3_600_000) return ms
  throw new InvalidArgumentError('a duration such as 500ms, 60s or 5m is wanted')
}

/** What narrows the entries of a whole backend. */
export interface FilterOptions {
  readonly namespace?: string
  readonly kind?: 'dsse' | 'raw'
  readonly since?: string
  readonly before?: string
  readonly shard?: string
  readonly concurrency: number
}

/** @example withFilters(new Command('migrate')) */
export function withFilters(command: Command): Command {
  return command
    .addOption(
      new Option('--kind <KIND>', 'only attestations (dsse) or image signatures (raw)').choices(['dsse', 'raw']),
    )
    .option('--since <WHEN>', 'only builds that ended since then: a date, or an age such as 30d')
    .option('--before <WHEN>', 'only builds that ended before then')
    .option('--shard <I/N>', 'only this part of the work; /N takes I from JOB_COMPLETION_INDEX')
    .addOption(new Option('--concurrency <N>', 'places worked on at a time (default: 16)').argParser(count).default(16))
}

/** @example withCommon(new Command('list')) */
export function withCommon(command: Command): Command {
  return command
    .option('--config <FILE>', "prov's YAML, a chains-config ConfigMap, or configmap/[NS/]NAME of the cluster")
    .addOption(new Option('--set <KEY=VALUE>', 'any configuration key; may be repeated').argParser(collect).default([]))
    .option('--json', 'print the result, or the failure, as JSON')
    .option('-q, --quiet', 'print nothing but errors')
    .option('-v, --verbose', 'say on stderr what is being done')
}

/** @example withCluster(new Command('payload')) */
export function withCluster(command: Command): Command {
  return command
    .option('-n, --namespace <NAME>', 'namespace of the runs, in the cluster or in a listing')
    .option('--kubeconfig <FILE>', 'how to reach the cluster (else KUBECONFIG, as kubectl has it)')
    .option('--context <NAME>', 'context of the kubeconfig')
}

/** @example withTimeout(new Command('list')) */
export function withTimeout(command: Command): Command {
  return command.addOption(
    new Option('--timeout <SECONDS>', 'longest time for one request to a backend').argParser(count),
  )
}

/** How backends are reached, for commands that are given no runs. @example withReach(new Command('worker')) */
export function withReach(command: Command): Command {
  return withTimeout(
    command
      .option('--kubeconfig <FILE>', 'how to reach the cluster (else KUBECONFIG, as kubectl has it)')
      .option('--context <NAME>', 'context of the kubeconfig'),
  )
}

/** @example withInput(new Command('verify')) */
export function withInput(command: Command): Command {
  const full = command
    .argument('[INPUT...]', INPUT)
    .option('-s, --storage <LIST>', 'backends, separated by commas: tekton,oci (or set PROV_STORAGE)')
    .addOption(
      new Option('--image <REF>', 'an image by digest, REPO@sha256:…; may be repeated').argParser(collect).default([]),
    )
    .option('--run <UID|NAME>', 'only this run of the input')
    .addOption(
      new Option('--statement <FILE>', 'an in-toto Statement, as it is; may be repeated')
        .argParser(collect)
        .default([]),
    )
    .option('--predicate <FILE>', 'a predicate (JSON) about each --image and --subject, of the --type given')
    .option('--type <URI>', 'predicate type of --predicate')
    .addOption(
      new Option('--subject <NAME=ALG:HEX>', 'what --predicate is about; may be repeated')
        .argParser(collect)
        .default([]),
    )
    .option('--format <LIST>', 'payload format: slsa/v1, or per backend: tekton=slsa/v1,oci=slsa/v1')
    .option('--tekton-file <FILE>', "file for the tekton annotations, when not the run's own")
  return withCluster(withTimeout(full))
}
