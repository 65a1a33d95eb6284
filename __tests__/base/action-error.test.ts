import { expect, test } from 'vitest'
import { ActionError } from '../../src/base/errors.ts'

test('a copy of an error keeps everything that it does not change, and names the error as its cause', () => {
  const details = {
    trace: 'trace-1',
    status: 404,
    absence: 'gone' as const,
    at: 1_700_000_000,
    retryAfter: 250,
    spent: 40,
    uncertain: true,
    mistakes: [{ file: 'clients.yml', line: 1, column: 2, message: 'unknown key' }],
  }
  const error = new ActionError('TENANT_REJECTED', 'refused', 'Ask again.', details)
  const copy = error.with({ message: 'client a: refused' })
  expect(copy).toMatchObject({ code: 'TENANT_REJECTED', message: 'client a: refused', hint: 'Ask again.', ...details })
  expect(copy.cause).toBe(error)
  expect(error.message).toBe('refused')
})

test('a copy of an error can drop a detail', () => {
  const error = new ActionError('TENANT_REJECTED', 'refused', 'Ask again.', { retryAfter: 250, trace: 'trace-1' })
  const copy = error.with({ code: 'CANCELLED', hint: 'Start it again.', retryAfter: undefined, uncertain: true })
  expect(copy).toMatchObject({ code: 'CANCELLED', message: 'refused', hint: 'Start it again.', trace: 'trace-1' })
  expect(copy.retryAfter).toBeUndefined()
  expect(copy.uncertain).toBe(true)
})
