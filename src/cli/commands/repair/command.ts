/** `prov repair`: rewrite missing or damaged copies from one that verifies. */
import { Command } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { collect, withCommon, withFilters, withInput, withSigners } from '../../options.ts'
import type { RepairOptions } from './flags.ts'

export function repairCommand(io: Io, exit: Exit): Command {
  const command = withFilters(withInput(new Command('repair')))
    .summary('rewrite missing or damaged copies from one that verifies')
    .description(
      'Finds copies that are missing (+) or do not verify (#), and says what would be done; with --apply it writes the signed bytes of ' +
        'a copy that verifies in their place, keeps what was there beside it where the backend can, and looks again. Signs nothing.',
    )
    .option('-k, --key <FILE>', 'trusted public key, or env://NAME; may be repeated', collect, [])
    .option('--all', 'everything that the backends hold, instead of an INPUT')
    .option('--apply', 'do it; without this flag nothing is written')
    .option('--prefer <BACKEND>', 'whose copy is right where two that verify mean different things (*)')
  return withCommon(withSigners(command))
    .addHelpText(
      'after',
      `
Examples:
  prov repair --storage tekton,oci --key cosign.pub run.yaml
  prov repair --storage tekton,oci --key cosign.pub --apply run.yaml
  prov repair --storage docdb,s3 --key cosign.pub --all --apply
  prov repair --storage docdb,s3 --key cosign.pub --all --prefer s3`,
    )
    .action(async (inputs: string[], options: RepairOptions) => {
      const { runRepair } = await import('./run.ts')
      exit(await runRepair(inputs, options, io))
    })
}
