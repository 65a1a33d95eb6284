import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { control } from './control.ts'
import type { SandboxRequest } from './http.ts'
import type { Service } from './record.ts'
import { type Outcome, ready, Sandbox } from './sandbox.ts'
import type { Settings } from './settings.ts'

export type StartOptions = {
  settings?: Partial<Settings>
  /** An existing sandbox; its settings `tenantUrl` and `githubUrl` become the addresses of the listeners. */
  sandbox?: Sandbox
  /** As on GitHub Enterprise Server: "/api/v3" */
  githubBasePath?: string
  /** 0, the default, takes any free port. */
  tenantPort?: number
  githubPort?: number
}

export type StartedSandbox = { sandbox: Sandbox; tenantUrl: string; githubUrl: string; close(): Promise<void> }

/** Puts a sandbox on two ports of the loopback interface. */
export async function startSandbox(options: StartOptions = {}): Promise<StartedSandbox> {
  await ready()
  const sandbox = options.sandbox ?? new Sandbox(options.settings)
  const tenant = serverOf('tenant', sandbox)
  const github = serverOf('github', sandbox)
  const tenantUrl = await listen(tenant, options.tenantPort ?? 0)
  const githubUrl = `${await listen(github, options.githubPort ?? 0)}${options.githubBasePath ?? ''}`
  sandbox.settings.tenantUrl = tenantUrl
  sandbox.settings.githubUrl = githubUrl
  const close = async () => {
    await Promise.all([closed(tenant), closed(github)])
  }
  return { sandbox, tenantUrl, githubUrl, close }
}

function serverOf(service: Service, sandbox: Sandbox): Server {
  return createServer((incoming, response) => {
    answer(service, sandbox, incoming, response).catch((error: unknown) => {
      console.error(error)
      response.destroy()
    })
  })
}

async function answer(service: Service, sandbox: Sandbox, incoming: IncomingMessage, response: ServerResponse) {
  const request = await readRequest(incoming)
  const controlled = service === 'tenant' ? control(sandbox, request) : undefined
  send(controlled ?? sandbox.handle(service, request), incoming, response)
}

async function readRequest(incoming: IncomingMessage): Promise<SandboxRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const body = Buffer.concat(chunks).toString('utf8')
  return { method: incoming.method ?? 'GET', path: incoming.url ?? '/', headers, body }
}

function send(outcome: Outcome, incoming: IncomingMessage, response: ServerResponse): void {
  if (outcome.kind === 'hung') return
  if (outcome.kind === 'dropped') {
    incoming.socket.destroy()
    return
  }
  if (outcome.kind === 'cut') {
    response.writeHead(outcome.status, outcome.headers)
    response.write(outcome.body, () => incoming.socket.end())
    return
  }
  const length = outcome.status === 204 ? {} : { 'content-length': String(Buffer.byteLength(outcome.body)) }
  response.writeHead(outcome.status, { ...outcome.headers, ...length })
  response.end(outcome.body)
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address() as AddressInfo
  return `http://127.0.0.1:${address.port}`
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
