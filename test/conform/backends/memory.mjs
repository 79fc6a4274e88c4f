// prov's own memory backend, as a program that embeds prov would bring it.
import { openBackend } from 'prov'

export async function rig(context) {
  const backend = await openBackend('memory', context)
  return { open: () => backend }
}
