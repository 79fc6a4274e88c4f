/**
 * The shape of tekton.dev/v1 Task and Pipeline, closed, with those fields only that the files here use. Field names and types are
 * those of Tekton Pipelines 1.14 (its custom resource definitions take both files; they are too large to be kept here).
 */
type Shape = Readonly<Record<string, unknown>>

const text: Shape = { type: 'string' }
const texts: Shape = { type: 'array', items: text }
const name: Shape = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 63 }

function closed(required: Readonly<Record<string, Shape>>, optional: Readonly<Record<string, Shape>> = {}): Shape {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(required),
    properties: { ...required, ...optional },
  }
}

function list(items: Shape): Shape {
  return { type: 'array', minItems: 1, items }
}

const metadata = closed({ name }, { annotations: { type: 'object', additionalProperties: text } })
const param = closed(
  { name, description: text },
  { type: { enum: ['string', 'array'] }, default: { oneOf: [text, texts] } },
)
const env = closed(
  { name: text },
  { value: text, valueFrom: closed({ secretKeyRef: closed({ name: text, key: text }) }) },
)
const securityContext = closed(
  { runAsNonRoot: { const: true }, allowPrivilegeEscalation: { const: false } },
  { capabilities: closed({ drop: texts }), seccompProfile: closed({ type: text }) },
)
const pipelineTask = closed(
  { name, taskRef: closed({ name }) },
  {
    params: list(closed({ name, value: { oneOf: [text, texts] } })),
  },
)

export const TASK_SHAPE = closed({
  apiVersion: { const: 'tekton.dev/v1' },
  kind: { const: 'Task' },
  metadata,
  spec: closed(
    {
      description: text,
      params: list(param),
      steps: list(closed({ name, script: text }, { args: texts, env: list(env) })),
    },
    {
      workspaces: list(closed({ name }, { description: text, optional: { type: 'boolean' } })),
      results: list(closed({ name, description: text })),
      stepTemplate: closed({ image: text, workingDir: text, env: list(env), securityContext }),
    },
  ),
})

export const PIPELINE_SHAPE = closed({
  apiVersion: { const: 'tekton.dev/v1' },
  kind: { const: 'Pipeline' },
  metadata,
  spec: closed({ params: list(param), tasks: list(pipelineTask), finally: list(pipelineTask) }),
})
