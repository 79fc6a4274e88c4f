/** `prov store`: sign once, store in every backend named, read back, one receipt a copy. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { collect, count, duration, withCommon, withIdentities, withInput } from '../../options.ts'
import type { StoreOptions } from './flags.ts'

export function storeCommand(io: Io, exit: Exit): Command {
  const command = withInput(new Command('store'))
    .summary('sign once and store in every backend')
    .description(
      'Signs the provenance of each run and image once and stores the same signed bytes in every backend named. ' +
        'Copies that already verify are kept and completed, so running it again is always safe.',
    )
    .option('-k, --key <FILE>', 'private key: cosign.key, PKCS#8 PEM, env://NAME, or journal: for the active key')
    .option('--verify-key <FILE>', 'also build on copies signed with this public key; may be repeated', collect, [])
    .option('--password-file <FILE>', 'password of the key (else PROV_PASSWORD, COSIGN_PASSWORD, or a prompt)')
    .option('--optional <LIST>', 'backends that may fail')
    .option('--require <N>', 'how many backends must hold a copy (default: all that are not optional)', count)
    .option('--resign', 'sign anew and replace copies that are there')
    .option(
      '--truth <URL>',
      'commit to this source of truth first (sqlite:FILE, postgres://USER@HOST/DATABASE); prov worker delivers',
    )
    .addOption(
      new Option(
        '--wait <DURATION>',
        'with --truth: also deliver in this process, for at most so long (60s)',
      ).argParser(duration),
    )
    .option('--require-worker', 'with --truth: sign nothing unless a worker serves every backend')
    .option('--dry-run', 'print the plan: what would be written where; sign and write nothing')
  return withCommon(withIdentities(command))
    .addHelpText(
      'after',
      `
Examples:
  prov store --storage tekton,oci --key cosign.key run.yaml
  prov store --storage tekton,oci --key cosign.key taskrun/build-7x -n ci
  prov store --storage oci --key cosign.key --image ghcr.io/acme/app@sha256:…
  prov store --storage tekton,oci --key cosign.key --dry-run runs/
  prov store --storage tekton,oci --truth sqlite:truth.db --wait 60s \
    --key cosign.key run.yaml
  prov store --storage oci --truth sqlite:truth.db --key journal: \
    --set keys.store=folder:/etc/prov/keys run.yaml
  kubectl get taskrun build -o yaml |
    prov store --storage oci --key cosign.key -`,
    )
    .action(async (inputs: string[], options: StoreOptions) => {
      const { runStore } = await import('./run.ts')
      exit(await runStore(inputs, options, io))
    })
}
