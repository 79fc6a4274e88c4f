/** kafka: the name by which Tekton Chains' configuration knows its messages; the same as pubsub with the provider kafka. */
import type { OpenBackend } from '../../src/backend/backend.ts'
import { openMessages } from '../pubsub/backend.ts'
import { readSettings } from '../pubsub/settings.ts'

/** @example const kafka = open(context); await kafka.put(slot, entry, { signal }) */
export const open: OpenBackend = (context) => openMessages('kafka', () => readSettings(context, 'kafka'), false)
