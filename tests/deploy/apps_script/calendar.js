/**
 * Calendar, with an Apps Script project as its add-on: calls the functions that the manifest names.
 *
 *     node calendar.js DIRECTORY < questions.json
 *
 * A question: {solution?, event, token, hosts, answer?}; without a solution it is the one for the add-on's settings.
 * Answers: {conferenceData?, url?, thrown?, logged}
 */
'use strict';

const {readFileSync, readdirSync} = require('node:fs');
const {join} = require('node:path');
const vm = require('node:vm');
const {ConferenceData, conferenceDataService} = require('./conference_data.js');
const {scriptApp, urlFetchApp} = require('./services.js');

const directory = process.argv[2];
const manifest = JSON.parse(readFileSync(join(directory, 'appsscript.json'), 'utf8'));
const {conferenceSolution, createSettingsUrlFunction} = manifest.addOns.calendar;

/** The project's scripts in one scope, with nothing but Google's services around them: no module, no fetch of Node. */
function project({token, hosts, answer}, logged) {
  const context = vm.createContext({
    ConferenceDataService: conferenceDataService(conferenceSolution.map(({id}) => id)),
    ScriptApp: scriptApp(manifest, token),
    UrlFetchApp: urlFetchApp(manifest, hosts || {}, answer),
    console: {error: (line) => logged.push(String(line))},
  });
  for (const name of readdirSync(directory).filter((name) => name.endsWith('.gs'))) {
    vm.runInContext(readFileSync(join(directory, name), 'utf8'), context, {filename: name});
  }
  return context;
}

function named(context, name) {
  if (name.endsWith('_') || typeof context[name] !== 'function') throw new Error(`Script function not found: ${name}`);
  return context[name];
}

function conference(context, {solution, event}) {
  const {onCreateFunction} = conferenceSolution.find(({id}) => id === solution);
  const data = named(context, onCreateFunction)({eventData: event});
  if (!(data instanceof ConferenceData)) throw new Error(`no ConferenceData: ${data}`);
  return {conferenceData: JSON.parse(data.printJson())};
}

function settings(context) {
  const url = named(context, createSettingsUrlFunction)();
  if (typeof url !== 'string') throw new Error(`no URL: ${url}`);
  return {url};
}

function answered(question) {
  const logged = [];
  try {
    const context = project(question, logged);
    return {...(question.solution ? conference(context, question) : settings(context)), logged};
  } catch (error) {
    return {thrown: String(error), logged};
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(answered)));
