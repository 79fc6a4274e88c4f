/** Keys in forms that prov does not read: what each is called, and the command that makes PEM of it. Pure; no message quotes content. */
import { derForm } from './der-form.ts'
import type { KeyContent, OddForm, Role } from './key-content.ts'
import { opensshForm } from './openssh-form.ts'

/**
 * The form of what is not PEM that can be read, by its own name; undefined for what nobody can name.
 *
 * @example oddForm({ bytes: Buffer.from('ssh-ed25519 AAAA…'), file: 'id.pub' })?.what // 'is an OpenSSH public key (ssh-ed25519)'
 */
export function oddForm(content: KeyContent): OddForm | undefined {
  return spoiledText(content) ?? opensshForm(content) ?? otherText(content) ?? derForm(content)
}

const BEGIN = '-----BEGIN '

/** PEM that something on its way has spoiled. */
function spoiledText({ bytes, file, variable }: KeyContent): OddForm | undefined {
  const to = `${file}.pem`
  const wide = utf16Of(bytes)
  if (wide !== undefined) return spoiled('is in UTF-16', `iconv -f ${wide} -t UTF-8 ${file} > ${to}`)
  const text = bytes.toString('latin1')
  if (/^["'\s]*LS0tLS1CRUdJTi/.test(text))
    return spoiled('is PEM that was put into base64 once more', `base64 -d ${file} > ${to}`)
  if (!text.includes(BEGIN)) return undefined
  if (/-----BEGIN [A-Z0-9 ]+-----(\\r)?\\n/.test(text)) {
    const command =
      variable === undefined
        ? `printf '%b' "$(cat ${file})" > ${to}`
        : `export ${variable}="$(printf '%b' "$${variable}")"`
    return spoiled('has its line ends spelled out as \\n', command)
  }
  if (text.includes('\r') && !text.includes('\n'))
    return spoiled('has lines that end in CR alone', `tr '\\r' '\\n' < ${file} > ${to}`)
  if (/-----BEGIN [A-Z0-9 ]+-----[^\S\n]*[A-Za-z0-9+/=]/.test(text)) {
    const command = `sed 's/\\(BEGIN [A-Z0-9 ]*-----\\) */\\1\\n/; s/ *-----END/\\n-----END/' ${file} > ${to}`
    return spoiled(
      'has lost its line ends: the BEGIN line is not one of its own',
      variable === undefined ? command : undefined,
      variable === undefined ? undefined : `write "$${variable}" in quotes wherever it is set or passed on`,
    )
  }
  if (/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*-----END \1-----/.test(text)) return undefined
  return spoiled('is cut off: its BEGIN line has no END line of the same name', undefined, 'copy the whole file')
}

function spoiled(what: string, command: string | undefined, advice?: string): OddForm {
  return { what, sound: false, remedy: () => (command === undefined ? advice : `convert it with: ${command}`) }
}

/** The name that iconv has for it; undefined when it is not UTF-16. */
function utf16Of(bytes: Buffer): string | undefined {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return 'UTF-16'
  if (!bytes.toString('latin1').replaceAll('\0', '').includes(BEGIN)) return undefined
  if (second === 0) return 'UTF-16LE'
  return first === 0 ? 'UTF-16BE' : undefined
}

/** Keys of other programs, in text. */
function otherText({ bytes, file }: KeyContent): OddForm | undefined {
  const text = bytes.toString('latin1')
  if (/^PuTTY-User-Key-File-\d/.test(text)) {
    const remedy = (wanted: Role): string =>
      wanted === 'private'
        ? `convert it with: puttygen ${file} -O private-openssh -o ${file}.ssh && ssh-keygen -p -m PKCS8 -f ${file}.ssh`
        : `convert it with: puttygen ${file} -O public-openssh -o ${file}.ssh && ssh-keygen -e -m PKCS8 -f ${file}.ssh`
    return { what: 'is a PuTTY private key', role: 'private', sound: true, remedy }
  }
  if (text.includes('-----BEGIN PGP ')) {
    const remedy = (): string => 'signatures of PGP are not those of Sigstore: prov keys generate makes a pair'
    return { what: 'is a PGP key', sound: true, remedy }
  }
  if (/^\s*\{[\s\S]*"(?:kty|keys)"\s*:/.test(text)) {
    return {
      what: 'is a JSON Web Key',
      sound: true,
      remedy: (wanted) =>
        wanted === 'public'
          ? `name it ${file}.json to have it read as a key set`
          : `convert it with: step crypto key format --pem ${file}`,
    }
  }
  return undefined
}
