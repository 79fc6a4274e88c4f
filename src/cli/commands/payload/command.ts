/** `prov payload`: print exactly the bytes that would be signed. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import { type ClusterFlags, type CommonOptions, collect, INPUT, withCluster, withCommon } from '../../options.ts'

interface PayloadOptions extends CommonOptions, ClusterFlags {
  readonly format: string
  readonly image: readonly string[]
  readonly run?: string
  readonly statement: readonly string[]
  readonly predicate?: string
  readonly type?: string
  readonly subject?: readonly string[]
}

export function payloadCommand(io: Io): Command {
  const command = new Command('payload')
    .summary('print the bytes that would be signed')
    .description(
      'Prints exactly the payload that would be signed, without a newline at the end. Signs and stores nothing.',
    )
    .argument('[INPUT...]', INPUT)
    .option('--format <FORMAT>', 'slsa/v1, in-toto, simplesigning, …', 'slsa/v1')
    .addOption(new Option('--image <REF>', 'which image, REPO@sha256:… (simplesigning)').argParser(collect).default([]))
    .option('--run <UID|NAME>', 'which run of the input')
    .addOption(new Option('--statement <FILE>', 'a Statement, as it is').argParser(collect).default([]))
    .option('--predicate <FILE>', 'a predicate about each --image and --subject, of the --type given')
    .option('--type <URI>', 'predicate type of --predicate')
    .addOption(new Option('--subject <NAME=ALG:HEX>', 'what --predicate is about').argParser(collect).default([]))
  return withCommon(withCluster(command))
    .addHelpText(
      'after',
      `
Examples:
  prov payload --format slsa/v1 run.yaml
  prov payload --format simplesigning --image ghcr.io/acme/app@sha256:… run.yaml
  prov payload --set artifacts.pipelinerun.enable-deep-inspection=true runs/`,
    )
    .action(async (inputs: string[], options: PayloadOptions) => {
      const { runPayload } = await import('../../run.ts')
      await runPayload(inputs, options, io)
    })
}

export type { PayloadOptions }
