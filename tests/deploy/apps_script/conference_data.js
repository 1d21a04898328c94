/**
 * ConferenceDataService, as strict as its pages: https://developers.google.com/apps-script/reference/conference-data
 *
 * Which entry points go together is said of the Calendar API, whose limits are "identical":
 * https://developers.google.com/workspace/calendar/api/v3/reference/events#conferenceData.entryPoints
 */
'use strict';

const enumeration = (...names) => Object.freeze(Object.fromEntries(names.map((name) => [name, Object.freeze({name})])));
const EntryPointType = enumeration('VIDEO', 'PHONE', 'MORE', 'SIP');
const EntryPointFeature = enumeration('UNKNOWN_FEATURE', 'TOLL', 'TOLL_FREE');
const ConferenceErrorType = enumeration(
    'AUTHENTICATION', 'CONFERENCE_SOLUTION_FORBIDDEN', 'PERMANENT', 'PERMISSION_DENIED', 'TEMPORARY', 'UNKNOWN');

const MOST = 300;
const PREFIXES = {PHONE: ['tel:'], SIP: ['sip:'], VIDEO: ['http:', 'https:'], MORE: ['http:', 'https:']};

function require_(holds, message) {
  if (!holds) throw new Error(`Invalid argument: ${message}`);
}

function text(name, value, limit) {
  require_(typeof value === 'string', `${name} is no string: ${value}`);
  require_(value.length <= limit, `${name} is longer than ${limit} characters`);
  return value;
}

function one(name, values, value) {
  require_(Object.values(values).includes(value), `${name} is none of ${Object.keys(values)}: ${value}`);
  return value.name;
}

class EntryPoint {
  setEntryPointType(type) { this.type = one('entryPointType', EntryPointType, type); return this; }
  setUri(uri) { this.uri = text('uri', uri, 1300); return this; }
  setMeetingCode(code) { this.meetingCode = text('meetingCode', code, 128); return this; }
  setAccessCode(code) { this.accessCode = text('accessCode', code, 128); return this; }
  setPasscode(code) { this.passcode = text('passcode', code, 128); return this; }
  setPassword(code) { this.password = text('password', code, 128); return this; }
  setPin(code) { this.pin = text('pin', code, 128); return this; }
  setRegionCode(code) { this.regionCode = text('regionCode', code, 3); return this; }
  addFeature(feature) {
    this.features = [...(this.features || []), one('feature', EntryPointFeature, feature)];
    return this;
  }
}

function checkEntryPoint(point) {
  require_(point.type && point.uri, 'an entry point has a type and a uri');
  require_(PREFIXES[point.type].some((prefix) => point.uri.startsWith(prefix)), `${point.type} with ${point.uri}`);
  const phone = point.type === 'PHONE';
  require_(phone || (!point.regionCode && !point.features), 'regionCode and features are of phone entry points');
  require_((point.features || []).length <= 1, 'a number is toll or toll-free');
}

class ConferenceParameter {
  setKey(key) { this.key = text('key', key, 50); return this; }
  setValue(value) { this.value = text('value', value, 1024); return this; }
}

class ConferenceError {
  setConferenceErrorType(type) { this.type = one('conferenceErrorType', ConferenceErrorType, type); return this; }
  setAuthenticationUrl(url) {
    require_(/^https?:\/\//.test(text('authenticationUrl', url, 1800)), `${url} is no http or https URL`);
    this.authenticationUrl = url;
    return this;
  }
}

/** Not to be made by scripts: only `build` gives one. */
class ConferenceData {
  constructor(told) { this.told = told; }
  printJson() { return JSON.stringify(this.told); }
}

class ConferenceDataBuilder {
  #solutions;
  #told = {entryPoints: [], parameters: []};

  constructor(solutions) { this.#solutions = solutions; }

  setConferenceId(id) { this.#told.conferenceId = text('conferenceId', id, 512); return this; }
  setConferenceSolutionId(id) { this.#told.conferenceSolutionId = text('conferenceSolutionId', id, 512); return this; }
  setNotes(notes) { this.#told.notes = text('notes', notes, 2048); return this; }
  addEntryPoint(point) {
    require_(point instanceof EntryPoint, 'no EntryPoint');
    this.#told.entryPoints.push(point);
    return this;
  }
  addConferenceParameter(parameter) {
    require_(parameter instanceof ConferenceParameter, 'no ConferenceParameter');
    this.#told.parameters.push(parameter);
    return this;
  }
  setError(error) {
    require_(error instanceof ConferenceError, 'no ConferenceError');
    this.#told.error = error;
    return this;
  }

  build() {
    if (this.#told.error) this.#checkError(this.#told.error);
    else this.#checkConference(this.#told);
    return new ConferenceData(this.#told);
  }

  #checkError({type, authenticationUrl}) {
    require_(type, 'an error has a type');
    require_((type === 'AUTHENTICATION') === (authenticationUrl !== undefined), `${type} with ${authenticationUrl}`);
  }

  #checkConference({conferenceId, conferenceSolutionId, entryPoints, parameters}) {
    require_(conferenceId, 'a conference has an id');
    require_(this.#solutions.includes(conferenceSolutionId), `the manifest has no solution ${conferenceSolutionId}`);
    require_(entryPoints.length > 0 && entryPoints.length <= MOST, `${entryPoints.length} entry points`);
    entryPoints.forEach(checkEntryPoint);
    for (const type of ['VIDEO', 'SIP', 'MORE']) {
      require_(entryPoints.filter((point) => point.type === type).length <= 1, `several entry points of type ${type}`);
    }
    require_(entryPoints.some((point) => point.type !== 'MORE'), 'MORE alone');
    require_(parameters.length <= MOST, `${parameters.length} parameters`);
    require_(parameters.every(({key, value}) => key && value), 'a parameter has a key and a value');
  }
}

/** The service, for an add-on whose manifest has solutions of these ids. */
const conferenceDataService = (solutions) => ({
  ConferenceErrorType,
  EntryPointFeature,
  EntryPointType,
  newConferenceDataBuilder: () => new ConferenceDataBuilder(solutions),
  newConferenceError: () => new ConferenceError(),
  newConferenceParameter: () => new ConferenceParameter(),
  newEntryPoint: () => new EntryPoint(),
});

module.exports = {ConferenceData, conferenceDataService};
