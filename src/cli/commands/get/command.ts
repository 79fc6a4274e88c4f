/** `prov get`: one part of one stored copy, byte for byte. */
import { Argument, Command } from 'commander'
import type { Io } from '../../../platform/io.ts'
import { collect, count, withCommon, withInput, withSigners, withTruth } from '../../options.ts'
import { type GetOptions, PARTS, type Part } from './flags.ts'

export function getCommand(io: Io): Command {
  const command = new Command('get')
    .summary('print one part of a stored copy, byte for byte')
    .description(
      'Prints one part of one stored copy to standard output, exactly as it is stored. ' +
        'signature is what Chains stores under that name: the DSSE envelope of an attestation, the raw signature of an image. ' +
        'Nothing is verified unless a flag says whose signatures are trusted (--key, for one).',
    )
    .addArgument(new Argument('<PART>', 'what to print').choices(PARTS))
  const full = withInput(command)
    .option('-k, --key <FILE>', 'only a copy that verifies with this public key; may be repeated', collect, [])
    .option('--copy <N>', 'which one, when the place holds several (from 1)', count)
  return withCommon(withTruth(withSigners(full)))
    .addHelpText(
      'after',
      `
Examples:
  prov get payload   --storage tekton run.yaml
  prov get signature --storage tekton run.yaml > run.sig
  prov get signature --storage oci --format simplesigning run.yaml
  prov get envelope  --storage oci --key cosign.pub --image ghcr.io/a/b@sha256:…`,
    )
    .action(async (part: Part, inputs: string[], options: GetOptions) => {
      const { runGet } = await import('./run.ts')
      await runGet(part, inputs, options, io)
    })
}
