import { describe, expect, it } from 'vitest'
import { expectFailure } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { saysSecret } from '../support/no-secret-in-text.ts'

// P5: a tenant may repeat in its trace id what it was sent.

eachTest()

const odd = `k%d503<${'&x"'.repeat(20)}>${'a'.repeat(40)}`

describe('a trace id', () => {
  it.each([200, 400, 403, 418, 500])(
    'that repeats the key is printed nowhere, not even in part: %i',
    async (status) => {
      const { userId } = simulation.sandbox.tenant.issueApiKey({ admin: true })
      simulation.sandbox.tenant.apiKeys.set(odd, { value: odd, userId, expiresAt: undefined })
      simulation.inputs['api-key'] = odd
      simulation.hostile = (answer, { headers }) => ({
        ...answer,
        status,
        body: JSON.stringify({ errors: [{ title: 'no' }], traceId: headers.authorization }),
      })
      const result = await simulation.run()
      expect(result.error).toBeDefined()
      const spoken = [...result.log, result.summary, JSON.stringify(result.outputs), result.error?.trace].join('\n')
      expect(saysSecret(spoken, [odd])).toEqual([])
      expect(spoken).not.toMatch(/k%d503|k&#37;d503/)
      expect(result.error?.trace).toBeUndefined()
    },
  )

  it.each(['0000000000000000d3a2f4b6c8e01234', '3f2504e0-4f89-11d3-9a0c-0305e82c3301'])(
    'that looks like one is printed: %s',
    async (id) => {
      const body = JSON.stringify({ errors: [{ title: 'no' }], traceId: id })
      simulation.sandbox.faults.add({ service: 'tenant', when: 'before', fault: { kind: 'status', status: 403, body } })
      const result = await simulation.run()
      expectFailure(result, 'TENANT_FORBIDDEN')
      expect(result.error?.trace).toBe(`traceId ${id}`)
      expect(result.summary).toContain(id)
    },
  )
})
