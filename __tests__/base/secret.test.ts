import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/base/secret.ts'
import { maskedSecret } from '../../src/io/runner/mask-secret.ts'

describe('a secret', () => {
  const secret = new Secret('s3cr3t-value')

  it('shows a placeholder wherever it is printed', () => {
    const shown = [
      `${secret}`,
      String(secret),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: [secret] }, { depth: 9 }),
      inspect(secret, { showHidden: true, customInspect: false }),
      Object.values(secret).join(),
      JSON.stringify(structuredClone(Object.keys(secret))),
    ]
    for (const text of shown) expect(text).not.toContain('s3cr3t')
    expect(`${secret}`).toBe('[secret]')
  })

  it('is compared by its own method', () => {
    expect(secret.sameAs(new Secret('s3cr3t-value'))).toBe(true)
    expect(secret.sameAs(new Secret('other'))).toBe(false)
  })

  it('is masked in every form before anybody can hold it', () => {
    const masks: string[] = []
    expect(maskedSecret('s3cr3t-value+', (mask) => masks.push(mask)).open()).toBe('s3cr3t-value+')
    expect(masks).toEqual(expect.arrayContaining(['s3cr3t-value+', Buffer.from('s3cr3t-value+').toString('base64')]))
  })
})
