/** `prov worker`: deliver what a source of truth owes. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { collect, count, duration, withCommon, withReach, withSigners, withTruth } from '../../options.ts'
import type { WorkerOptions } from './flags.ts'

export function workerCommand(io: Io, exit: Exit): Command {
  const command = withTruth(new Command('worker'))
    .summary('deliver what a source of truth owes')
    .description(
      'Takes what prov store --truth committed, verifies each entry under its own keys, stores it in the backends named, reads it back, ' +
        'and goes on for as long as it takes. Any number of workers may share one truth.',
    )
    .option('-s, --storage <LIST>', 'backends that this worker serves: tekton,oci (or set PROV_STORAGE)')
    .option('--index <URL>', 'serve this search index as well: redis://HOST/DATABASE (or set index.url)')
    .option(
      '--wake <URL>',
      'look at once when a message comes there: a stream, subject or subscription; may be repeated',
      collect,
      [],
    )
    .option('-k, --key <FILE>', 'trusted public key, or env://NAME; may be repeated', collect, [])
    .addOption(new Option('--concurrency <N>', 'deliveries at one time in each lane (default: 16)').argParser(count))
    .addOption(
      new Option('--lease <DURATION>', 'how long a delivery is held without a sign of life (default: 60s)').argParser(
        duration,
      ),
    )
    .option('--once', 'end once nothing is left that can be delivered')
    .option('--listen <HOST:PORT>', 'serve /metrics, /healthz and /readyz there')
  return withCommon(withReach(withSigners(command)))
    .addHelpText(
      'after',
      `
Files of keys count anew when they change; keys of a URL are
asked for every 30 seconds.

SIGTERM lets it finish what it is delivering (exit 0); a second
signal ends it at once.

Exit status of --once: 0 nothing is owed, 7 something is pending
or held, 3 an entry does not verify, or none of the keys signed
what is pending.

Examples:
  prov worker --truth sqlite:/var/lib/prov/truth.db \\
    --storage tekton,oci,gcs --key cosign.pub
  prov worker --truth postgres://prov@db/prov --storage oci,s3 \\
    --key cosign.pub --listen 127.0.0.1:9090
  prov worker --truth sqlite:truth.db --storage oci \\
    --key cosign.pub --once`,
    )
    .action(async (options: WorkerOptions) => {
      const { runWorkerCommand } = await import('./run.ts')
      exit(await runWorkerCommand(options, io))
    })
}
