/** `prov verify`: read every copy, verify each, compare, print the verdict. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { collect, count, withCommon, withFilters, withInput, withSigners, withTruth } from '../../options.ts'
import type { VerifyOptions } from './flags.ts'

export function verifyCommand(io: Io, exit: Exit): Command {
  const command = withInput(new Command('verify'))
    .summary('verify every copy and say whether all agree')
    .description(
      'Reads every stored copy, verifies each over the bytes that are stored, and says whether all agree. ' +
        'Changes no store and trusts no earlier verdict, unless --cache asks for one.',
    )
    .option(
      '-k, --key <FILE>',
      'trusted public key, env://NAME, or a key set: a .json file or https URL; may be repeated; or say below who may have signed',
      collect,
      [],
    )
    .option('--optional <LIST>', 'backends that may miss a copy or be down')
    .option('--require <N>', 'enough backends that hold a copy that agrees', count)
    .option('--strict', "other people's entries in a shared place are findings (exit 3)")
    .option('--all', 'everything that the backends hold, instead of an INPUT')
    .option('--sample <PERCENT>', 'with --all: only so many places in a hundred, chosen by chance')
    .option('--fail-fast', 'with --all: stop at the first artifact that is not well')
    .option(
      '--output <FORM[=FILE]>',
      'also write jsonl, junit, sarif, github or vsa, to FILE or standard output; may be repeated',
      collect,
      [],
    )
    .addOption(
      new Option('--show <WHICH>', 'print the artifacts that need attention, or every copy of all')
        .choices(['attention', 'all'])
        .default('attention'),
    )
    .option('--wide', 'print names, digests and locations in full')
    .option('--report <FILE>', 'also write one HTML page that stands alone')
    .option('--vsa-key <FILE>', 'private key that signs what --output vsa makes, or env://NAME')
    .option('--password-file <FILE>', 'password of that key (else PROV_PASSWORD, COSIGN_PASSWORD, or a prompt)')
    .option('--cache <URL>', 'take a kept verdict: redis://HOST/DATABASE or dapr:http://HOST:PORT/STORE')
  return grouped(withCommon(withTruth(withFilters(withSigners(command)))))
    .addHelpText(
      'after',
      `
Marks:
  =  verifies and agrees
  ~  agrees; re-signed or re-serialised
  *  drift: verifies, but means something else
  #  does not verify
  +  absent
  !  could not be read
  x  not kept by this backend

Examples:
  prov verify --storage tekton,oci --key cosign.pub run.yaml
  prov verify --storage oci --key cosign.pub --image ghcr.io/acme/app@sha256:…
  prov verify --storage tekton,oci --key old.pub --key new.pub --json runs/
  prov verify --storage docdb,s3 --key cosign.pub --all --since 30d
  prov verify --storage oci --key cosign.pub --cache redis://cache/2 \\
    --set cache.mac-key-file=mac.key --image ghcr.io/acme/app@sha256:…
  prov verify --storage tekton,oci run.yaml \\
    --certificate-identity dev@example.com \\
    --certificate-oidc-issuer https://accounts.example.com
  prov verify --storage tekton,oci --key cosign.pub \\
    --output junit=junit.xml --output github --report prov.html runs/`,
    )
    .action(async (inputs: string[], options: VerifyOptions) => {
      const { runVerify } = await import('./run.ts')
      exit(await runVerify(inputs, options, io))
    })
}

/** Which flags stand together in the help; what is not named here stands under the last. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'Required:': ['storage', 'key'],
  'Who may have signed it:': [
    'key-publisher',
    'keyring',
    'certificate-identity',
    'certificate-oidc-issuer',
    'trusted-root',
    'ca-file',
    'offline',
    'log-threshold',
    'timestamp-threshold',
    'sct-threshold',
  ],
  'What is verified:': ['image', 'run', 'statement', 'predicate', 'type', 'subject', 'namespace', 'all'],
  'With --all:': ['kind', 'since', 'before', 'shard', 'sample', 'fail-fast', 'concurrency'],
  'What must be there:': ['format', 'optional', 'require', 'strict'],
  'What is printed:': ['show', 'wide', 'json', 'quiet', 'verbose', 'output', 'report', 'vsa-key', 'password-file'],
}
const OTHERS = 'Settings:'

/** The order of the flags is that of the groups. */
function grouped(command: Command): Command {
  const groupOf = (option: Option): string =>
    Object.keys(GROUPS).find((name) => GROUPS[name]?.includes(option.name())) ?? OTHERS
  const order = [...Object.keys(GROUPS), OTHERS]
  for (const option of command.options) option.helpGroup(groupOf(option))
  const sorted = command.options.toSorted((a, b) => order.indexOf(groupOf(a)) - order.indexOf(groupOf(b)))
  const options = command.options as Option[]
  options.splice(0, options.length, ...sorted)
  return command
}
