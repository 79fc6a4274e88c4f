/** Headless Chromium over the DevTools protocol, with nothing but Node's own WebSocket. */
import { spawn } from 'node:child_process'
import { tool } from '../servers/endpoints.ts'
import { cleanEnv } from './cli.ts'
import { scratch } from './scratch.ts'

type Json = Readonly<Record<string, unknown>>

export interface Page {
  /** The value of an expression, once it is no promise any more. Throws what the page throws. */
  evaluate<T>(expression: string): Promise<T>
  /** Waits until the expression is true. */
  until(expression: string): Promise<void>
  /** One key, as a reader presses it: `Enter`, `Tab`, `ArrowDown`, `/`. */
  press(key: string): Promise<void>
  type(text: string): Promise<void>
  send(method: string, params?: Json): Promise<Json>
  /** PNG. */
  screenshot(): Promise<Buffer>
  pdf(): Promise<Buffer>
  /** Everything that was asked for but the page itself, and every error, refusal and exception. */
  readonly requests: readonly string[]
  readonly errors: readonly string[]
}

export interface View {
  readonly width?: number
  readonly height?: number
  readonly dark?: boolean
  readonly script?: boolean
}

export interface Browser extends AsyncDisposable {
  open(url: string, view?: View): Promise<Page>
}

const KEYS: Readonly<Record<string, Json>> = {
  Enter: { code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  Tab: { code: 'Tab', windowsVirtualKeyCode: 9 },
  ' ': { code: 'Space', windowsVirtualKeyCode: 32, text: ' ' },
  ArrowDown: { code: 'ArrowDown', windowsVirtualKeyCode: 40 },
  ArrowUp: { code: 'ArrowUp', windowsVirtualKeyCode: 38 },
}

/** @example await using browser = await openBrowser(); const page = await browser.open('file:///report.html') */
export async function openBrowser(): Promise<Browser> {
  const profile = scratch()
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--remote-debugging-port=0']
  const child = spawn(tool('chromium'), [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
    env: cleanEnv({ HOME: profile }),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>((done) => child.on('close', () => done()))
  const address = await new Promise<string>((found, failed) => {
    let said = ''
    child.on('error', failed)
    child.on('close', () => failed(new Error(`chromium ended at its start: ${said.slice(-500)}`)))
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const at = /DevTools listening on (ws:\S+)/.exec(said)?.[1]
      if (at !== undefined) found(at)
    })
  })
  const { call, listen, close } = await connect(address)
  return {
    async open(url, view = {}) {
      const { targetId } = await call('Target.createTarget', { url: 'about:blank' })
      const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true })
      return openPage(String(sessionId), url, view, { call, listen })
    },
    async [Symbol.asyncDispose]() {
      call('Browser.close').catch(() => undefined) // it may be gone before it answers
      const late = setTimeout(() => child.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(late)
      close()
    },
  }
}

interface Wire {
  call(method: string, params?: Json, sessionId?: string): Promise<Json>
  listen(told: (method: string, params: Json, sessionId: string | undefined) => void): void
}

async function connect(address: string): Promise<Wire & { close(): void }> {
  const socket = new WebSocket(address)
  const waiting = new Map<number, (answer: Json) => void>()
  const listeners: Parameters<Wire['listen']>[0][] = []
  let last = 0
  await new Promise<void>((done, failed) => {
    socket.onopen = () => done()
    socket.onerror = () => failed(new Error(`no DevTools at ${address}`))
  })
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as { id?: number; method?: string; params?: Json; sessionId?: string }
    if (message.id === undefined)
      for (const told of listeners) told(message.method ?? '', message.params ?? {}, message.sessionId)
    else waiting.get(message.id)?.(message)
  }
  return {
    call: (method, params = {}, sessionId) =>
      new Promise((done, failed) => {
        const id = ++last
        waiting.set(id, (answer) => {
          waiting.delete(id)
          if (answer['error'] === undefined) done((answer['result'] ?? {}) as Json)
          else failed(new Error(`${method}: ${JSON.stringify(answer['error'])}`))
        })
        socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }))
      }),
    listen: (told) => listeners.push(told),
    close: () => socket.close(),
  }
}

async function openPage(session: string, url: string, view: View, wire: Wire): Promise<Page> {
  const { width = 1280, height = 900, dark = false, script = true } = view
  const [requests, errors]: [string[], string[]] = [[], []]
  const send = (method: string, params: Json = {}): Promise<Json> => wire.call(method, params, session)
  const loaded = new Promise<void>((done) =>
    wire.listen((method, params, of) => {
      if (of !== session) return
      if (method === 'Page.loadEventFired') done()
      if (method === 'Network.requestWillBeSent') {
        const asked = String((params['request'] as Json)['url'])
        if (asked !== url) requests.push(asked)
      }
      if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded') errors.push(JSON.stringify(params))
    }),
  )
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`)
  await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 })
  await send('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
  })
  await send('Emulation.setScriptExecutionDisabled', { value: !script })
  await send('Page.navigate', { url })
  await loaded
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails !== undefined) throw new Error(`in the page: ${JSON.stringify(exceptionDetails)}`)
    return (result as { readonly value: T }).value
  }
  const bytes = async (method: string, params: Json): Promise<Buffer> =>
    Buffer.from(String((await send(method, params))['data']), 'base64')
  return {
    evaluate,
    async until(expression) {
      const end = performance.now() + 20_000
      while (!(await evaluate<boolean>(`Boolean(${expression})`))) {
        if (performance.now() > end) throw new Error(`not true after 20 s: ${expression}`)
        await new Promise((done) => setTimeout(done, 30))
      }
    },
    async press(key) {
      const how = KEYS[key] ?? { text: key }
      await send('Input.dispatchKeyEvent', { type: 'keyDown', key, ...how })
      await send('Input.dispatchKeyEvent', { type: 'keyUp', key, ...how })
    },
    type: async (text) => void (await send('Input.insertText', { text })),
    send,
    screenshot: () => bytes('Page.captureScreenshot', { format: 'png' }),
    pdf: () => bytes('Page.printToPDF', { printBackground: false, preferCSSPageSize: true }),
    requests,
    errors,
  }
}
