import { describe, expect, it } from 'vitest'
import {
  imageOfSubject,
  parseImage,
  parseRepository,
  registryOf,
  tryDigest,
  tryImage,
} from '../../src/model/image-reference.ts'

const HEX = '0123456789abcdef'.repeat(4)
const AT = `@sha256:${HEX}`

describe('parseImage', () => {
  it.each([
    ['alpine', 'index.docker.io/library/alpine'],
    ['alpine:3.20', 'index.docker.io/library/alpine'],
    ['acme/app', 'index.docker.io/acme/app'],
    ['docker.io/app', 'index.docker.io/library/app'],
    ['docker.io/acme/app:v1', 'index.docker.io/acme/app'],
    ['index.docker.io/acme/app', 'index.docker.io/acme/app'],
    ['ghcr.io/acme/app:v1', 'ghcr.io/acme/app'],
    ['localhost/app', 'localhost/app'],
    ['localhost:5000/app', 'localhost:5000/app'],
    ['host:5000', 'index.docker.io/library/host'],
    ['127.0.0.1:5917/a/b:latest', '127.0.0.1:5917/a/b'],
    ['[::1]:5000/a/b', '[::1]:5000/a/b'],
    ['[fe80::1]/a/b', '[fe80::1]/a/b'],
    ['GHCR.io/acme/app', 'GHCR.io/acme/app'],
    [`x.y/${'a'.repeat(255)}`, `x.y/${'a'.repeat(255)}`],
  ])('%s', (name, repository) => {
    expect(parseImage(name + AT)).toEqual({ repository, digest: `sha256:${HEX}` })
  })

  it.each([
    ['', "exactly one '@'"],
    ['alpine', "exactly one '@'"],
    [`a@b${AT}`, "exactly one '@'"],
    [`alpine@sha512:${HEX}${HEX}`, 'sha256'],
    [`alpine@sha256:${HEX.toUpperCase()}`, 'lower-case'],
    [`alpine@sha256:${HEX}0`, '64'],
    [AT, 'empty'],
    [`a${AT}`, '2 to 255'],
    [`ghcr.io/a${AT}`, '2 to 255'],
    [`x.y/${'a'.repeat(256)}${AT}`, '2 to 255'],
    [`ghcr.io/Acme/app${AT}`, 'a-z'],
    [`reg.io/a/b:bad tag${AT}`, 'a-z'],
    [`host:port/x/y${AT}`, 'host'],
    [`a[::1]/x/y${AT}`, 'host'],
    [`[::1/x/y${AT}`, 'host'],
    [`[1.2.3.4]/x/y${AT}`, 'host'],
    [`ex ample.com/a/b${AT}`, 'host'],
    [`a%20b.io/a/b${AT}`, 'host'],
    [`https://x.io/a/b${AT}`, 'URL'],
    [`git+https://x.io/a.git${AT}`, 'URL'],
    [`pkg:maven/a/b${AT}`, 'host'],
  ])('refuses %s', (text, reason) => {
    expect(() => parseImage(text)).toThrow(
      expect.objectContaining({ code: 'image_invalid', message: expect.stringContaining(reason) }),
    )
    expect(tryImage(text)).toHaveProperty('reason')
  })

  it('lets a URL pass only where Chains does', () => {
    expect(tryDigest(`https://x.io/ab${AT}`)).toEqual({ repository: 'https://x.io/ab', digest: `sha256:${HEX}` })
  })

  it('keeps messages to one short line', () => {
    expect(() => parseImage(`${'x'.repeat(5000)}\n@`)).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/\n|.{400}/) }),
    )
  })
})

describe('parseRepository', () => {
  it('normalises, and wants neither tag, digest nor scheme', () => {
    expect(parseRepository('docker.io/acme/app')).toBe('index.docker.io/acme/app')
    expect(registryOf(parseRepository('[::1]:5000/a/b'))).toBe('[::1]:5000')
    for (const bad of ['', 'ghcr.io/acme/app:v1', `ghcr.io/acme/app${AT}`, 'https://ghcr.io/acme/app', 'ghcr.io/']) {
      expect(() => parseRepository(bad)).toThrow(expect.objectContaining({ code: 'image_invalid' }))
    }
  })
})

describe('imageOfSubject', () => {
  const image = (name: string, digest: Record<string, string> = { sha256: HEX }) =>
    imageOfSubject({ name, digest })?.repository

  it('is an image with an explicit registry and a sha256 digest', () => {
    expect(image('ghcr.io/acme/app')).toBe('ghcr.io/acme/app')
    expect(image('docker.io/acme/app')).toBe(image('index.docker.io/acme/app'))
    expect(image('localhost/app')).toBe('localhost/app')
    expect(image('127.0.0.1:5000/a/b')).toBe('127.0.0.1:5000/a/b')
  })

  it.each([
    'app',
    'acme/app',
    'pkg:maven/com.acme/x',
    'https://github.com/acme/app',
    'git+https://x.io/a.git',
    'file.tar.gz',
    'oci://x.io/a/b',
    'a@b.c/dd',
  ])('%s is none', (name) => expect(image(name)).toBeUndefined())

  it('is none without a proper sha256', () => {
    expect(image('ghcr.io/acme/app', { sha512: HEX + HEX })).toBeUndefined()
    expect(image('ghcr.io/acme/app', { SHA256: HEX })).toBeUndefined()
    expect(image('ghcr.io/acme/app', { sha256: 'short' })).toBeUndefined()
    expect(image('ghcr.io/acme/app', {})).toBeUndefined()
  })
})
