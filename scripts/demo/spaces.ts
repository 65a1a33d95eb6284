import type { Stage } from './stage.ts'

/**
 * A client that signs in and gets 403 until its user is a member of the space. It is a member as long as the spec names the
 * space.
 */
export async function spaces(stage: Stage, deployer: Record<string, string>): Promise<void> {
  stage.act('The client reads a space', 'Scopes do not open spaces: its user must be a member.')
  const { id } = stage.sandbox.tenant.spaces.add('Finance')
  const path = `/api/v1/spaces/${id}`
  stage.check('before, the space answers 403', (await stage.statusFor(path)) === 403)
  const { outputs } = await stage.run({ ...deployer, spaces: 'Finance: consumer' })
  stage.check('the client is granted access', outputs.result === 'updated')
  stage.check('now the space answers 200', (await stage.statusFor(path)) === 200)
  const again = await stage.run({ ...deployer, spaces: 'Finance: consumer' })
  stage.check('the next run has nothing to do', again.writes === 0)
  await stage.run({ ...deployer, spaces: '[]' })
  stage.check('a space that the spec no longer names is revoked: 403', (await stage.statusFor(path)) === 403)
}
