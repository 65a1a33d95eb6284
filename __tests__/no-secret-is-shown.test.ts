import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StepResult } from '../sandbox/runner.ts'
import { readable, shownByRunner } from './support/masker.ts'
import { startProxy, type TestProxy } from './support/proxy.ts'
import { type Stage, startStage } from './support/step.ts'

// The built action as a process of its own, and what GitHub's runner lets people see of it.

let stage: Stage
let proxy: TestProxy
beforeEach(async () => {
  stage = await startStage()
  proxy = await startProxy({ 'acme.eu.qlikcloud.com': stage.tenantUrl, 'api.github.test': stage.githubUrl })
})
afterEach(async () => {
  await proxy.close()
  await stage.close()
})

/** Nothing of any secret: neither in what the runner shows, nor, without its masks, in what was printed. */
function expectQuiet(result: StepResult, more: string[] = []): void {
  const { 'client-secret': _asked, ...outputs } = result.outputs
  const { shown } = shownByRunner({ ...result, outputs })
  const unmasked = result.raw.replaceAll(/^::add-mask::.*$/gm, '')
  // Node shows bytes as numbers with spaces between them.
  const texts = [shown, unmasked, result.summary].flatMap((text) => [
    text,
    text.replace(/\b([0-9a-f]{2}) (?=[0-9a-f]{2})/g, '$1'),
  ])
  for (const secret of [...stage.secrets, ...more])
    for (const text of texts) expect(readable(text, secret)).toBeUndefined()
}

const overTls = () => ({
  with: { tenant: 'https://acme.eu.qlikcloud.com' },
  env: { GITHUB_API_URL: 'https://api.github.test', NODE_EXTRA_CA_CERTS: proxy.authority, HTTPS_PROXY: proxy.url },
})

describe('with every debug switch on, the built action shows nothing of a secret', () => {
  const switches = {
    RUNNER_DEBUG: '1',
    ACTIONS_STEP_DEBUG: 'true',
    ACTIONS_RUNNER_DEBUG: 'true',
    NODE_DEBUG: 'undici,http,http2,https,net,tls,fetch,websocket,timers,module,child_process',
    DEBUG: '*',
  }

  it('over TLS and a proxy, and in clear', async () => {
    const { with: inputs, env } = overTls()
    const results = [
      await stage.step({}, switches),
      await stage.step({ rotate: 'now', 'output-client-secret': 'true' }, switches),
      await stage.step({ ...inputs, name: 'other', 'client-secret-name': 'OTHER' }, { ...env, ...switches }),
      await stage.step({ ...inputs, 'api-key': `${stage.inputs['api-key']}x` }, { ...env, ...switches }),
    ]
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 1])
    // The switches work.
    expect(results[0]!.raw).toMatch(/HTTP \d+: outgoing message end/)
    expect(results[2]!.raw).toMatch(/(UNDICI|FETCH) \d+: sending request/)
    for (const result of results) expectQuiet(result)
  })

  it('and where Node would print the bytes of its streams, it does not begin', async () => {
    for (const NODE_DEBUG of ['stream', `http,STR*${'*'.repeat(100)}`]) {
      const result = await stage.step({}, { NODE_DEBUG })
      expect(result.outputs['error-code']).toBe('INPUT_INVALID')
      expect(stage.sandbox.requests).toEqual([])
      expectQuiet(result)
    }
  })
})

describe('what the built action writes into the runner’s files', () => {
  it('can’t be left by texts of others', async () => {
    const { tenant } = stage.sandbox
    const evil = 'x\nevil=1\nghadelimiter_x\nevil<<EOF\n1\nEOF\n::set-output name=evil::1\r##[error]evil'
    const { clientId } = tenant.addClient({ clientName: 'deployer', description: evil, allowedScopes: ['a', evil] })
    tenant.addSecret(clientId, { createdBy: evil })
    const plan = await stage.step({ mode: 'plan' })
    const { outputs, raw, summary } = await stage.step({ description: 'Mine', 'client-id': clientId })
    expect(plan.outputs.result).toBe('planned')
    expect(Object.keys(plan.outputs)).toEqual(Object.keys(outputs))
    expect(Object.keys(outputs)).not.toContain('evil')
    expect(outputs.summary).toBe(summary)
    expect(outputs['client-id']).toBe(clientId)
    const commands = shownByRunner({ raw }).commands.map(({ name }) => name)
    expect(new Set(commands)).toEqual(new Set(['add-mask', 'notice']))
  })
})

describe('the network of the built action', () => {
  it('has certificates checked, also where the environment says that they are not', async () => {
    const { with: inputs, env } = overTls()
    const result = await stage.step(inputs, { ...env, NODE_EXTRA_CA_CERTS: '', NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect(result.outputs['error-code']).toBe('TENANT_UNREACHABLE')
    expect(result.raw).toMatch(/certificate is not trusted/)
    expect(stage.sandbox.requests).toEqual([])
  })

  it('signs in at a proxy, and shows nothing of that', async () => {
    const { with: inputs, env } = overTls()
    const word = 'pr0xy %word/+of=some length'
    const url = proxy.url.replace('//', `//bob:${encodeURIComponent(word)}@`)
    const result = await stage.step(inputs, { ...env, HTTPS_PROXY: url, NODE_DEBUG: 'undici,net,tls,http' })
    expect(result.exitCode).toBe(0)
    expect(new Set(proxy.credentials)).toEqual(new Set([`Basic ${Buffer.from(`bob:${word}`).toString('base64')}`]))
    expectQuiet(result, [word])
  })

  it('reaches what NO_PROXY names without a proxy', async () => {
    const { env } = overTls()
    const inputs = { tenant: 'https://tenant.invalid', 'allow-custom-host': 'true' }
    const result = await stage.step(inputs, { ...env, NO_PROXY: 'tenant.invalid' })
    expect(result.outputs['error-code']).toBe('TENANT_UNREACHABLE')
    expect(proxy.tunnels.filter((host) => host.startsWith('tenant'))).toEqual([])
  })
})
