import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GitHub } from '../../sandbox/github/model.ts'

export type Comment = { id: number; body: string; user: { type: 'Bot' | 'User'; login: string } }
export type Issue = { number: number; title: string; body: string; user: Comment['user'] }
export type Mint = { owner: string; repositories: string; permissions: Record<string, string> }

/**
 * The requests of a workflow to GitHub apart from this action's: issues, comments on a pull request, and tokens of an App. All
 * other requests are passed on to the sandbox.
 */
export class Front {
  readonly comments: Comment[] = []
  readonly issues: Issue[] = []
  readonly mints: Mint[] = []
  /** The workflow's own token. */
  readonly token = `ghs_${'w'.repeat(40)}`
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  readonly #github: GitHub
  readonly #behind: string

  constructor(github: GitHub, behind: string) {
    this.#github = github
    this.#behind = behind
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const { method = 'GET', url = '/' } = request
    if (url === '/_app/token') return void send(response, 201, { token: this.#mint(JSON.parse(body.toString())) })
    if (/^\/repos\/acme\/app\/issues\b/.test(url)) return void this.#issues(request, response, body.toString())
    const { authorization = '', 'content-type': type = 'application/json' } = request.headers
    const sent = method === 'GET' || body.length === 0 ? {} : { body }
    const answer = await fetch(this.#behind + url, {
      method,
      headers: { authorization, 'content-type': type },
      ...sent,
    })
    const headers = Object.fromEntries([...answer.headers].filter(([name]) => !/^(connection|keep-alive)$/.test(name)))
    response.writeHead(answer.status, headers)
    response.end(Buffer.from(await answer.arrayBuffer()))
  }

  #issues({ method, url = '', headers }: IncomingMessage, response: ServerResponse, text: string): ServerResponse {
    if (headers.authorization !== `Bearer ${this.token}`)
      return send(response, 403, { message: 'Resource not accessible by integration' })
    const { pathname, searchParams } = new URL(url, 'http://github')
    if (/issues(\/\d+)?$/.test(pathname)) return this.#issue(method, url, response, text)
    if (method === 'GET') return send(response, 200, this.#page(searchParams))
    const { body } = JSON.parse(text) as { body: string }
    if (body.length > 65_536) return send(response, 422, { message: 'Body is too long (maximum is 65536 characters)' })
    if (method === 'POST') return send(response, 201, this.add(body))
    const comment = this.comments.find(({ id }) => id === Number(pathname.split('/').at(-1)))
    if (comment === undefined) return send(response, 404, { message: 'Not Found' })
    comment.body = body
    return send(response, 200, comment)
  }

  /** The list of open issues, one that is opened, and one that is changed. */
  #issue(method: string | undefined, url: string, response: ServerResponse, text: string): ServerResponse {
    const { pathname, searchParams } = new URL(url, 'http://github')
    const by = searchParams.get('creator')
    if (method === 'GET')
      return send(
        response,
        200,
        this.issues.filter(({ user }) => by === null || user.login === by),
      )
    const { title, body } = JSON.parse(text) as Issue
    if (body.length > 65_536) return send(response, 422, { message: 'Body is too long (maximum is 65536 characters)' })
    if (method === 'POST') return send(response, 201, this.open(title, body))
    const issue = this.issues.find(({ number }) => number === Number(pathname.split('/').at(-1)))
    if (issue === undefined) return send(response, 404, { message: 'Not Found' })
    return send(response, 200, Object.assign(issue, { title, body }))
  }

  open(title: string, body: string, user: Comment['user'] = { type: 'Bot', login: 'github-actions[bot]' }): Issue {
    const issue = { number: 1 + this.issues.length, title, body, user }
    this.issues.push(issue)
    return issue
  }

  #page(search: URLSearchParams): Comment[] {
    const size = Number(search.get('per_page') ?? 30)
    const begin = (Number(search.get('page') ?? 1) - 1) * size
    return this.comments.slice(begin, begin + size)
  }

  add(body: string, by: Comment['user'] = { type: 'Bot', login: 'github-actions[bot]' }): Comment {
    const comment = { id: 1000 + this.comments.length, body, user: by }
    this.comments.push(comment)
    return comment
  }

  /** A token of an App with every permission: the requested permissions, or all if none were requested. */
  #mint(mint: Mint): string {
    this.mints.push(mint)
    const asked = Object.entries(mint.permissions).map(([name, access]) => [name.replaceAll('-', '_'), access])
    const all = [['environments'], ['secrets'], ['actions_variables']].map(([name]) => [name, 'write'])
    const named = mint.repositories.split(/[\s,]+/).filter(Boolean)
    const repositories = mint.owner === '' ? ['acme/app'] : named.map((name) => `${mint.owner}/${name}`)
    return this.#github.issueToken({
      kind: 'app',
      permissions: { metadata: 'read', ...Object.fromEntries(asked.length === 0 ? all : asked) },
      ...(repositories.length === 0 ? {} : { repositories }),
    })
  }
}

function send(response: ServerResponse, status: number, body: unknown): ServerResponse {
  response.writeHead(status, { 'content-type': 'application/json' })
  return response.end(JSON.stringify(body))
}
