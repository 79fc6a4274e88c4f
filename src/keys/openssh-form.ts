/** Keys of OpenSSH and the commands that make PEM of them (PROTOCOL.key of OpenSSH, RFC 4253, RFC 4716, RFC 8709). Pure. */
import type { KeyContent, OddForm, Role } from './key-content.ts'

/** DER before the 32 bytes of an Ed25519 key, as printf writes it: ssh-keygen does not make PKCS8 of these keys (seen with 9.2). */
const ED25519_PUBLIC = String.raw`printf '\060\052\060\005\006\003\053\145\160\003\041\000'`
const ED25519_PRIVATE = String.raw`printf '\060\056\002\001\000\060\005\006\003\053\145\160\004\042\004\040'`

/** In an unencrypted file of one Ed25519 key without surprises, the seed stands here (counted from 1). */
const ED25519_SEED = 162

/** A line of a .pub file, or of authorized_keys with its options before it. */
const PUBLIC = /^(?:[^#\s][^\s]* )?((?:ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]+) AAAA[A-Za-z0-9+/]/

/** Undefined for anything else than a key of OpenSSH or of SSH2. */
export function opensshForm({ bytes, file }: KeyContent): OddForm | undefined {
  const text = bytes.toString('latin1')
  const [, body] = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text) ?? []
  if (body !== undefined) return privateForm(Buffer.from(body, 'base64').toString('latin1'), file)
  if (text.trimStart().startsWith('---- BEGIN SSH2 ')) return ssh2Form(text, file)
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const [, algorithm] = PUBLIC.exec(lines.find((line) => PUBLIC.test(line)) ?? '') ?? []
  return algorithm === undefined ? undefined : publicForm(algorithm, file)
}

function privateForm(content: string, file: string): OddForm {
  const to = `${file}.pem`
  if (content.includes('sk-ssh-') || content.includes('sk-ecdsa-')) return onToken('private')
  const isEd25519 = content.includes('ssh-ed25519')
  const seed = `sed /-----/d ${file} | base64 -d | tail -c +${ED25519_SEED} | head -c 32`
  const general = `convert it with: cp ${file} ${to} && ssh-keygen -p -m PKCS8 -f ${to}`
  const ofSeed = `ssh-keygen -p -m PKCS8 leaves Ed25519 as it is; once it has no password, convert it with: (${ED25519_PRIVATE}; ${seed}) | openssl pkey -inform DER -out ${to}`
  const half = isEd25519
    ? `(${ED25519_PUBLIC}; ssh-keygen -y -f ${file} | cut -d' ' -f2 | base64 -d | tail -c 32) | openssl pkey -pubin -inform DER -out ${to}`
    : `ssh-keygen -e -m PKCS8 -f ${file} > ${to}`
  const remedy = (wanted: Role): string =>
    wanted === 'public' ? `take its public half with: ${half}` : isEd25519 ? ofSeed : general
  return { what: "is in OpenSSH's own form: a private key", role: 'private', sound: true, remedy }
}

function publicForm(algorithm: string, file: string): OddForm {
  if (algorithm.startsWith('sk-')) return onToken('public')
  const to = `${file}.pem`
  const field = `grep -o 'AAAA[^ ]*' ${file} | base64 -d | tail -c 32`
  const command =
    algorithm === 'ssh-ed25519'
      ? `(${ED25519_PUBLIC}; ${field}) | openssl pkey -pubin -inform DER -out ${to}`
      : `ssh-keygen -e -m PKCS8 -f ${file} > ${to}`
  const remedy = (wanted: Role): string | undefined => (wanted === 'public' ? `convert it with: ${command}` : undefined)
  return { what: `is an OpenSSH public key (${algorithm})`, role: 'public', sound: true, remedy }
}

function ssh2Form(text: string, file: string): OddForm {
  const role = text.includes('PRIVATE KEY') ? ('private' as const) : ('public' as const)
  const command = `ssh-keygen -i -f ${file} > ${file}.ssh && ssh-keygen -e -m PKCS8 -f ${file}.ssh > ${file}.pem`
  const remedy = (wanted: Role): string | undefined => (wanted === role ? `convert it with: ${command}` : undefined)
  return { what: `is an SSH2 ${role} key`, role, sound: true, remedy }
}

function onToken(role: Role): OddForm {
  const remedy = (): string => 'such a key signs for SSH only: prov keys generate makes a pair'
  return { what: 'is an OpenSSH key on a security token (FIDO)', role, sound: true, remedy }
}
