import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../..')

/**
 * Other people's actions can't be fetched here: small ones with the same inputs and outputs replace them. Paths by `owner/name`.
 */
export function standInActions(folder: string): Record<string, string> {
  return {
    'OWNER/qlik-oauth-client': release(path.join(folder, 'qlik-oauth-client')),
    'actions/create-github-app-token': action(path.join(folder, 'token'), appToken),
    'actions/upload-artifact': action(path.join(folder, 'upload'), upload),
    'actions/download-artifact': action(path.join(folder, 'download'), download),
  }
}

/** The engine copies the action's folder: the content of a release, without the tools that build it. */
function release(folder: string): string {
  for (const part of ['action.yml', 'dist']) cpSync(path.join(root, part), path.join(folder, part), { recursive: true })
  return folder
}

function action(folder: string, script: string): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'action.yml'), 'name: stand-in\nruns:\n  using: node24\n  main: index.js\n')
  writeFileSync(path.join(folder, 'index.js'), script)
  return folder
}

// The inputs for permissions that matter here and that the real one has; anything else is a mistake of the example.
const appToken = `
const known = ['client-id', 'private-key', 'owner', 'repositories', 'permission-environments', 'permission-secrets',
  'permission-organization-secrets', 'permission-dependabot-secrets', 'permission-metadata']
const given = Object.entries(process.env).filter(([name]) => name.startsWith('INPUT_'))
const inputs = Object.fromEntries(given.map(([name, value]) => [name.slice(6).toLowerCase(), value]))
const unknown = Object.keys(inputs).filter((name) => !known.includes(name))
if (unknown.length > 0) throw new Error('no such input: ' + unknown)
if (!inputs['client-id'] || !inputs['private-key']) throw new Error('client-id and private-key are required')
const permissions = Object.fromEntries(Object.entries(inputs).filter(([name]) => name.startsWith('permission-'))
  .map(([name, value]) => [name.slice(11), value]))
const body = JSON.stringify({ owner: inputs.owner ?? '', repositories: inputs.repositories ?? '', permissions })
fetch(process.env.GITHUB_API_URL + '/_app/token', { method: 'POST', body }).then((answer) => answer.json()).then(({ token }) => {
  console.log('::add-mask::' + token)
  require('node:fs').appendFileSync(process.env.GITHUB_OUTPUT, 'token=' + token + '\\n')
})
`

const upload = `
const fs = require('node:fs'), path = require('node:path')
const { ARTIFACTS, INPUT_NAME: name, INPUT_PATH: from, INPUT_OVERWRITE: overwrite } = process.env
const to = path.join(ARTIFACTS, name)
if (fs.existsSync(to) && overwrite !== 'true') throw new Error('an artifact with this name already exists')
if (/["':<>|*?\\r\\n\\\\/]/.test(name)) throw new Error('not a name for an artifact: ' + name)
fs.rmSync(to, { recursive: true, force: true })
fs.cpSync(from, to, { recursive: true })
`

const download = `
const fs = require('node:fs'), path = require('node:path')
const { ARTIFACTS, INPUT_PATTERN: pattern, INPUT_PATH: to, GITHUB_WORKSPACE } = process.env
const prefix = pattern.replace(/[*]$/, '')
for (const name of fs.readdirSync(ARTIFACTS).filter((name) => name.startsWith(prefix)))
  fs.cpSync(path.join(ARTIFACTS, name), path.resolve(GITHUB_WORKSPACE, to, name), { recursive: true })
`

/**
 * Programs that would download something: npm finds the packages that are installed here, and qlik runs the commands of the
 * example.
 */
export function standInPrograms(folder: string): string {
  mkdirSync(folder, { recursive: true })
  program(path.join(folder, 'npm'), `#!/bin/sh\ntest "$1" = ci && ln -s "${root}/node_modules" node_modules\n`)
  program(path.join(folder, 'qlik'), qlik)
  return folder
}

function program(file: string, text: string): void {
  writeFileSync(file, text)
  chmodSync(file, 0o755)
}

const qlik = `#!/bin/sh
set -eu
home=$QLIK_CLI_USER_HOME_DIR
case "$1 $2" in
"context create")
  test "$4" = --server && test "$6" = --oauth-client-id && test "$8" = --oauth-client-secret
  printf '%s %s %s' "$5" "$7" "$9" > "$home/$3" ;;
"context use") cp "$home/$3" "$home/current" ;;
"user me")
  read -r server id secret < "$home/current" || true
  token=$(curl -sSf "$server/oauth/token" -d grant_type=client_credentials -d "client_id=$id" \\
    --data-urlencode "client_secret=$secret" | jq -r .access_token)
  curl -sSf "$server/api/v1/users/me" -H "Authorization: Bearer $token" ;;
*) exit 2 ;;
esac
`
