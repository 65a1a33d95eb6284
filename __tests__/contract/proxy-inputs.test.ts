import { describe, expect, it } from 'vitest'
import { expectRefusal } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'

eachTest()

describe.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'])('%s', (variable) => {
  it.each([
    'socks5://bob:hunter2hunter2@proxy:1080',
    'socks4://bob:hunter2hunter2@proxy:1080',
    'socks4a://bob:hunter2hunter2@proxy:1080',
    'socks5h://bob:hunter2hunter2@proxy:1080',
    'socks://bob:hunter2hunter2@proxy:1080',
    'http//bob:hunter2hunter2@proxy:3128',
    'http://bob:hunter2hunter2@proxy:3128/proxy.pac',
    'bob:hunter2hunter2@proxy:3128?x',
    'http://bob:hunter2hunter2@proxy:3128#x',
    'http://bob:hunter2hunter2@',
    'http://bob:hunter2hunter2@proxy:99999',
    'http://bob:hunter2hunter2@a b',
  ])('can’t be %s, and the password is masked all the same', async (address) => {
    simulation.env[variable] = address
    const result = await simulation.run()
    const message = new RegExp(`^${variable}: is not the address of a proxy: http://`)
    expectRefusal(result, 'INPUT_INVALID', { message })
    expect(result.requests).toEqual([])
    expect(result.log.join()).not.toContain('hunter2')
    expect([...result.masks]).toContain('hunter2hunter2')
  })

  it('can’t be an address without a host', async () => {
    for (const address of ['http://', 'http//host', 'socks5://proxy', 'ftp://proxy:21', 'proxy:3128/x']) {
      simulation.env[variable] = address
      expectRefusal(await simulation.run(), 'INPUT_INVALID', {
        message: new RegExp(`^${variable}: is not the address`),
      })
    }
  })

  it.each(['proxy', 'proxy:3128', 'http://proxy:3128/', ' https://bob:w%40rd@proxy:3128 ', 'http://[::1]:3128'])(
    'may be %s',
    async (address) => {
      simulation.env[variable] = address
      expect((await simulation.run()).error?.code).toBeUndefined()
    },
  )
})
