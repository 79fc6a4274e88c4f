/** `prov search`: entries by what they say, and where their copies are. */
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import { MOST_HITS } from '../../../search/source.ts'
import type { Exit } from '../../exit.ts'
import { collect, withCommon, withTruth } from '../../options.ts'
import type { SearchOptions } from './flags.ts'

export function searchCommand(io: Io, exit: Exit): Command {
  const command = new Command('search')
    .summary('find entries by digest, key, builder, …')
    .description(
      'Finds the entries of a source of truth that have everything asked for, and says where their copies are. Nothing is verified: prov verify does that.',
    )
    .addOption(wanted('--sha <HEX>', 'a subject with this digest, with or without sha256:'))
    .addOption(wanted('--key <ID>', 'signed by this key: SHA256:… or the sha256 of the public key in hex'))
    .addOption(wanted('--builder <URI>', 'built by this builder'))
    .addOption(wanted('--identity <SAN>', 'signed with a certificate for this e-mail or URI'))
    .addOption(wanted('--run <UID>', 'of the run with this uid'))
    .addOption(wanted('--image <REF>', 'about this image, REPO@sha256:…'))
    .addOption(wanted('--type <URI>', 'of this predicate type'))
    .option('--index <URL>', 'ask this search index: redis://HOST/DATABASE (or set index.url)')
    .addOption(new Option('--source <SOURCE>', 'what is asked').choices(['truth', 'index']))
    .addOption(new Option('--limit <N>', `so many at most, up to ${MOST_HITS}`).argParser(limit).default(100))
    .addOption(new Option('--after <SEQ>', 'only entries with a greater number: the next page').argParser(number))
    .option('--impact', 'count what all of them come to, and name the first of each')
  return withCommon(withTruth(command))
    .addHelpText(
      'after',
      `
Examples:
  prov search --truth sqlite:truth.db \\
    --sha "$(sha256sum < app.tar | cut -c 1-64)"
  prov search --builder https://tekton.dev/chains/v2 \\
    --truth sqlite:truth.db
  prov search --truth sqlite:truth.db --impact \\
    --identity dev@example.com`,
    )
    .action(async (options: SearchOptions) => {
      const { runSearch } = await import('./run.ts')
      exit(await runSearch(options, io))
    })
}

function wanted(flags: string, text: string): Option {
  return new Option(flags, text).argParser(collect).default([])
}

function limit(value: string): number {
  const n = /^[1-9][0-9]{0,3}$/.test(value) ? Number(value) : 0
  if (n >= 1 && n <= MOST_HITS) return n
  throw new InvalidArgumentError(`a whole number from 1 to ${MOST_HITS} is wanted`)
}

function number(value: string): number {
  if (/^[0-9]{1,15}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('the number of an entry is wanted')
}
