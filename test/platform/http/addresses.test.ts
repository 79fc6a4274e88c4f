import { expect, test } from 'vitest'
import { isForbidden, isLoopback, plainHost } from '../../../src/platform/http/addresses.ts'

test.each([
  '169.254.169.254',
  '169.254.170.2',
  '0.0.0.0',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '255.255.255.255',
  '224.0.0.1',
  '2852039166',
  '0xa9fea9fe',
  '0xA9.0xFE.0xA9.0xFE',
  '0251.0376.0251.0376',
  '169.254.43518',
  '169.16689662',
  '169.254.169.254.',
  '１６９.254.169.254',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '::ffff:0:169.254.169.254',
  '::169.254.169.254',
  '::127.0.0.1',
  '[64:ff9b::169.254.169.254]',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a9fe:a9fe',
  '64:ff9b:1:a9fe:a9:fe00::',
  '2002:a9fe:a9fe::',
  '2002:a9fe:a9fe::1',
  '2002:7f00:1::1',
  '2001:0:a9fe:a9fe::1',
  '2001:0:102:304:0:0:5601:5601',
  'fe80::1',
  'fe80::1%eth0',
  'fe80::a9fe:a9fe',
  '2001:db8::5efe:a9fe:a9fe',
  '2001:db8::200:5efe:a9fe:a9fe',
  'fd00:ec2::254',
  'FD00:0EC2:0:0:0:0:0:0254',
  'fd00:ec2::23',
  'fd20:ce::254',
  'fd00:42::42',
  '::',
  'ff02::1',
  'metadata.google.internal',
  'METADATA.google.internal.',
  'metadata',
  'metadata.goog',
  'metadata.tencentyun.com',
  'instance-data.ec2.internal',
])('%s is never contacted', (host) => {
  expect(isForbidden(host)).toBe(true)
})

test.each([
  '10.0.0.1',
  '127.0.0.1',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '64:ff9b::8.8.8.8',
  '64:ff9b:1::808:808',
  '2002:808:808::1',
  '2001:db8::1',
  '2606:4700::1111',
  'fd00::1',
  'example.com',
  'metadata.example.com',
  'localhost',
  '100.100.100.201',
  '',
])('%s may be contacted', (host) => {
  expect(isForbidden(host)).toBe(false)
})

test('this machine, however it is spelled', () => {
  for (const host of [
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '2130706433',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    'localhost.',
    'a.localhost',
  ]) {
    expect(isLoopback(host)).toBe(true)
  }
  for (const host of ['64:ff9b::7f00:1', '128.0.0.1', 'localhost.example.com', '']) expect(isLoopback(host)).toBe(false)
})

test('one spelling of a host', () => {
  expect(plainHost('0251.0376.0251.0376')).toBe('169.254.169.254')
  expect(plainHost('[FD00:0ec2::0254]')).toBe('fd00:ec2::254')
  expect(plainHost('Example.COM.')).toBe('example.com')
  expect(plainHost('not a host')).toBe('not a host')
})
