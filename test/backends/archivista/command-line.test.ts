/** The bundle, with the stores that need a server of their own: one signature for all, told as what it is in each. */
import { randomBytes } from 'node:crypto'
import { Admin } from '@platformatic/kafka'
import { expect, onTestFinished, test } from 'vitest'
import { describeWith, server } from '../../servers/endpoints.ts'
import { fakeArchivista } from '../../support/archivista-server.ts'
import { prov } from '../../support/cli.ts'
import { fakeGrafeas } from '../../support/grafeas-server.ts'
import { marksOf, reportOf } from '../../support/report.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../../support/runs.ts'

const STORES = 'tekton,archivista,grafeas,pubsub,kafka'

describeWith(['pubsub', 'kafka'], 'stores beside the run, and queues', () => {
  test('store, store again, verify; a copy spoiled in each is found', async () => {
    const archivista = await fakeArchivista()
    const grafeas = await fakeGrafeas()
    onTestFinished(async () => {
      await archivista.close()
      await grafeas.close()
    })
    const [pubsub = '', kafka = ''] = [(await server('pubsub'))['PUBSUB'], (await server('kafka'))['KAFKA']]
    const topic = `prov-${randomBytes(6).toString('hex')}`
    await fetch(`http://${pubsub}/v1/projects/prov/topics/${topic}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka] })
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
    await admin.close()
    const env = {
      COSIGN_PASSWORD: PASSWORD,
      PUBSUB_EMULATOR_HOST: pubsub,
      PROV_STORAGE_ARCHIVISTA_URL: `http://${archivista.endpoint}`,
      PROV_STORAGE_GRAFEAS_ENDPOINT: `http://${grafeas.endpoint}`,
      PROV_STORAGE_GRAFEAS_PROJECTID: 'acme',
      PROV_STORAGE_PUBSUB_PROVIDER: 'google',
      PROV_STORAGE_PUBSUB_PROJECT: 'prov',
      PROV_STORAGE_PUBSUB_TOPIC: topic,
      PROV_STORAGE_PUBSUB_KAFKA_BOOTSTRAP_SERVERS: kafka,
    }
    const file = runFixture('buildpacks-taskrun.yaml')
    const store = (list: string) => prov(['store', '--storage', list, '--key', PRIVATE_KEY, file], { env })
    const verify = async () =>
      reportOf(await prov(['verify', '--json', '--storage', STORES, '--key', PUBLIC_KEY, file], { env }))

    expect(await store('pubsub,kafka')).toMatchObject({ code: 2, stderr: expect.stringContaining('not_kept') })
    const first = await store(STORES)
    expect(first, first.stderr + first.stdout).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout.match(/^ {2}accepted /gm)).toHaveLength(4)
    expect(first.stdout).toContain('stored: 5 of 5 copies confirmed, 4 accepted by write-only backends')
    const again = await store(STORES)
    expect(again.stdout.match(/^ {2}unchanged /gm)).toHaveLength(5)
    expect(archivista.objects.size).toBe(1)
    expect(grafeas.occurrences.size).toBe(2)

    const good = await verify()
    expect(good.exit).toBe(0)
    expect(marksOf(good)).toEqual([
      'archivista dsse =',
      'archivista raw x',
      'grafeas dsse =',
      'grafeas raw =',
      'kafka dsse x',
      'kafka raw x',
      'pubsub dsse x',
      'pubsub raw x',
      'tekton dsse =',
      'tekton raw =',
    ])

    for (const [gitoid, bytes] of archivista.objects) archivista.objects.set(gitoid, bytes.subarray(1))
    for (const [name, row] of grafeas.occurrences)
      grafeas.occurrences.set(name, { ...row, envelope: {}, attestation: {} })
    const bad = await verify()
    expect(bad.exit).toBe(3)
    expect(marksOf(bad).filter((row) => row.endsWith('#'))).toEqual([
      'archivista dsse #',
      'grafeas dsse #',
      'grafeas raw #',
    ])
  })
})
