/** `prov doctor`: can these backends and keys do what will be asked of them. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { collect, INPUT, withCluster, withCommon, withSigners, withTimeout, withTruth } from '../../options.ts'
import type { DoctorOptions } from './flags.ts'

export function doctorCommand(io: Io, exit: Exit): Command {
  const command = new Command('doctor')
    .summary('say whether backends and keys can do what is asked of them')
    .description(
      'Tries each backend: reach, credentials, clock, reading, listing, and with a probe that is taken away again writing, ' +
        'replacing and deleting. Says what will be less than promised. Leaves nothing behind.',
    )
    .argument('[INPUT...]', `for tekton: ${INPUT}`)
    .option('-s, --storage <LIST>', 'backends, separated by commas: tekton,oci (or set PROV_STORAGE)')
    .option('-k, --key <FILE>', 'private or public key to try, or env://NAME; may be repeated', collect, [])
    .option('--password-file <FILE>', 'password of the private keys (else PROV_PASSWORD, COSIGN_PASSWORD, or a prompt)')
    .addOption(
      new Option('--image <REF>', 'for oci: an image whose repository is tried, REPO@sha256:…')
        .argParser(collect)
        .default([]),
    )
    .option('--read-only', 'write nothing, not even a probe')
    .option('--run <UID|NAME>', 'only this run of the input')
    .option('--tekton-file <FILE>', "file for the tekton annotations, when not the run's own")
  return withCommon(withTruth(withCluster(withSigners(withTimeout(command)))))
    .addHelpText(
      'after',
      `
Outcomes:
  ok        works
  degraded  works, but something is lost or less certain; never an exit
  FAILED    does not work
  skipped   was not tried; says what to give
  cannot    this backend cannot, by its nature

Exit status: 0 usable, 2 a key or the configuration, 6 a backend cannot be
reached or refuses, 7 a backend cannot be written to as needed.

Examples:
  prov doctor --storage docdb,gcs --key cosign.key
  prov doctor --storage tekton,oci --image ghcr.io/acme/app@sha256:… run.yaml
  prov doctor --storage oci --set storage.oci.repository=ghcr.io/acme/sigs
  prov doctor --storage s3 --read-only --json
  prov doctor --keyring keyring.yaml --trusted-root root.json
  prov doctor --storage oci --truth postgres://prov@db/prov`,
    )
    .action(async (inputs: string[], options: DoctorOptions) => {
      const { runDoctor } = await import('./run.ts')
      exit(await runDoctor(inputs, options, io))
    })
}
