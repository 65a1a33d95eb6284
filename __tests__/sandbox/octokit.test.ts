import { Octokit } from '@octokit/core'
import { paginateRest } from '@octokit/plugin-paginate-rest'
import { restEndpointMethods } from '@octokit/plugin-rest-endpoint-methods'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { validateGithubRequest } from '../../sandbox/openapi.ts'
import { type StartedSandbox, startSandbox } from '../../sandbox/server.ts'
import { seal } from './calls.ts'

const Client = Octokit.plugin(restEndpointMethods, paginateRest)
const place = { owner: 'acme', repo: 'app' }
const environment = { ...place, environment_name: 'eu/prod' }

describe.each([
  ['GitHub', ''],
  ['GitHub Enterprise Server', '/api/v3'],
])('Octokit against %s', (_what, githubBasePath) => {
  let started: StartedSandbox
  let octokit: InstanceType<typeof Client>

  beforeAll(async () => {
    started = await startSandbox({ githubBasePath })
    started.sandbox.github.createRepository('acme/app', { environments: ['eu/prod'] })
    const auth = started.sandbox.github.issueToken({
      permissions: { secrets: 'write', environments: 'write', actions_variables: 'write', actions: 'read' },
    })
    octokit = new Client({ auth, baseUrl: started.githubUrl })
  })
  afterAll(() => started.close())

  it('seals secrets of a repository and of an environment', async () => {
    const actions = octokit.rest.actions
    const repositoryKey = (await actions.getRepoPublicKey(place)).data
    const own = { encrypted_value: seal('one', repositoryKey.key), key_id: repositoryKey.key_id, secret_name: 'a' }
    expect((await actions.createOrUpdateRepoSecret({ ...place, ...own })).status).toBe(201)
    expect((await actions.createOrUpdateRepoSecret({ ...place, ...own })).status).toBe(204)
    expect((await actions.getRepoSecret({ ...place, secret_name: 'A' })).data.name).toBe('A')

    const { data } = await actions.getEnvironmentPublicKey(environment)
    const sealed = { encrypted_value: seal('two', data.key), key_id: data.key_id, secret_name: 'A' }
    expect((await actions.createOrUpdateEnvironmentSecret({ ...environment, ...sealed })).status).toBe(201)

    const { github } = started.sandbox
    expect(github.secretValue({ repository: 'acme/app', name: 'A' })).toBe('one')
    expect(github.secretValue({ repository: 'acme/app', environment: 'eu/prod', name: 'A' })).toBe('two')
    expect((await actions.deleteEnvironmentSecret({ ...environment, secret_name: 'A' })).status).toBe(204)
    await expect(actions.getEnvironmentSecret({ ...environment, secret_name: 'A' })).rejects.toMatchObject({
      status: 404,
    })
  })

  it('writes variables', async () => {
    const actions = octokit.rest.actions
    expect((await actions.createEnvironmentVariable({ ...environment, name: 'V', value: '1' })).status).toBe(201)
    await expect(actions.createEnvironmentVariable({ ...environment, name: 'V', value: '1' })).rejects.toMatchObject({
      status: 409,
    })
    expect((await actions.updateEnvironmentVariable({ ...environment, name: 'V', value: '2' })).status).toBe(204)
    expect((await actions.getEnvironmentVariable({ ...environment, name: 'V' })).data.value).toBe('2')
    expect((await actions.createRepoVariable({ ...place, name: 'V', value: '1' })).status).toBe(201)
    expect((await octokit.rest.repos.getEnvironment(environment)).data.name).toBe('eu/prod')
  })

  it('collects the pages of a list', async () => {
    const { github } = started.sandbox
    for (let i = 0; i < 70; i++) github.overwriteSecret({ repository: 'acme/app', name: `S${i}` }, 'x')
    const all = await octokit.paginate(octokit.rest.actions.listRepoSecrets, place)
    expect(new Set(all.map((secret) => secret.name)).size).toBe(github.secretNames({ repository: 'acme/app' }).length)
  })

  it('follows a rename, and reports a missing permission', async () => {
    const { github } = started.sandbox
    github.createRepository('acme/before', {})
    github.renameRepository('acme/before', 'acme/after')
    expect((await octokit.rest.repos.get({ owner: 'acme', repo: 'before' })).data.full_name).toBe('acme/after')
    await expect(octokit.rest.dependabot.listRepoSecrets(place)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining('Resource not accessible by integration'),
    })
  })

  it('sends nothing that is not in the API description', () => {
    const { requests } = started.sandbox
    expect(requests.length).toBeGreaterThan(15)
    expect(requests.flatMap(validateGithubRequest)).toEqual([])
  })
})
