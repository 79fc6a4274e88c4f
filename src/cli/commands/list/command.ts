/** `prov list`: the places in a backend that hold entries. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import { withCommon, withTimeout, withTruth } from '../../options.ts'
import type { ListOptions } from './flags.ts'

export function listCommand(io: Io): Command {
  const command = new Command('list')
    .summary('list the places that hold entries')
    .description('Lists the places of each backend that hold entries, one a line, as they are found. Verifies nothing.')
    .option('-s, --storage <LIST>', 'backends, separated by commas (or set PROV_STORAGE)')
    .addOption(
      new Option('--kind <KIND>', 'only attestations (dsse) or image signatures (raw)').choices(['dsse', 'raw']),
    )
    .option('-n, --namespace <NAME>', 'only runs of this namespace')
    .option('--subject <SHA256>', 'only entries about the subject with this digest')
    .option('--tekton-file <FILE>', 'file with the annotated runs')
    .option('--kubeconfig <FILE>', 'list the runs of this cluster (tekton)')
    .option('--context <NAME>', 'list the runs of the cluster of this context (tekton)')
  return withCommon(withTruth(withTimeout(command)))
    .addHelpText(
      'after',
      `
Examples:
  prov list --storage oci --set storage.oci.repository=ghcr.io/acme/signatures
  prov list --storage tekton --tekton-file runs.yaml --json
  prov list --storage tekton --context staging --namespace ci`,
    )
    .action(async (options: ListOptions) => {
      const { runList } = await import('./run.ts')
      await runList(options, io)
    })
}
