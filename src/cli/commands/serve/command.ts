/** `prov serve`: verdicts over HTTP, for admission and for auditors. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { collect, count, duration, withCommon, withReach, withSigners, withTruth } from '../../options.ts'
import type { ServeOptions } from './flags.ts'

export function serveCommand(io: Io, exit: Exit): Command {
  const command = withTruth(new Command('serve'))
    .summary('answer over HTTP what prov verify says')
    .description(
      'Verifies images for whoever asks: as a provider of external data for Gatekeeper, and as REST for auditors. What cannot be verified is an error, never a guess.',
    )
    .option('-s, --storage <LIST>', 'backends that are read: tekton,oci (or set PROV_STORAGE)')
    .option('-k, --key <FILE>', 'trusted public key, or env://NAME; may be repeated', collect, [])
    .option('--cache <URL>', 'keep verdicts for seconds: redis://HOST/DATABASE, or what else cache.url takes')
    .option('--listen <HOST:PORT>', 'where to listen (default: 127.0.0.1:8080)')
    .option('--metrics-listen <HOST:PORT>', 'serve /metrics, /healthz and /readyz there as well, over plain HTTP')
    .option('--tls-cert <FILE>', 'certificate of the service with its chain, PEM')
    .option('--tls-key <FILE>', 'its private key, PEM')
    .option('--client-ca <FILE>', 'who signs the certificates of clients, PEM: all but health then wants one')
    .option('--token-file <FILE>', 'a token that auditors may give in place of a certificate')
    .addOption(
      new Option('--deadline <DURATION>', 'longest time for one request (default: 2900ms)').argParser(duration),
    )
    .addOption(new Option('--max-keys <N>', 'most keys of one request (default: 200)').argParser(count))
    .addOption(new Option('--concurrency <N>', 'verifications at one time (default: 64)').argParser(count))
    .option('--format <LIST>', 'payload format that must be there: slsa/v1, or per backend: oci=slsa/v1')
    .option('--optional <LIST>', 'backends that may miss a copy or be down')
    .option('--require <N>', 'enough backends that hold a copy that agrees', count)
    .option('--strict', "other people's entries in a shared place are findings")
    .option('--check', 'open everything, verify nothing, and end: 0 or 6')
  return withCommon(withReach(withSigners(command)))
    .addHelpText(
      'after',
      `
Files of keys, of the policy and of certificates count anew when
they change. SIGTERM: /readyz says 503, the service goes on for
serve.drain, finishes what it has, and ends (exit 0).

The log goes to standard output, one line of JSON an event.

Examples:
  prov serve --storage oci --key cosign.pub \\
    --set storage.oci.hosts=ghcr.io
  prov serve --storage oci,gcs --key cosign.pub \\
    --config prov.yaml --cache memory --listen 0.0.0.0:8443 \\
    --tls-cert tls.crt --tls-key tls.key --client-ca ca.crt \\
    --metrics-listen 0.0.0.0:9090`,
    )
    .action(async (options: ServeOptions) => {
      const { runServe } = await import('./run.ts')
      exit(await runServe(options, io))
    })
}
