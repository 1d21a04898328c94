/**
 * confsync in Google Calendar: asks confsync for a conference, and hands its answer on to Calendar.
 *
 * Solutions.gs has the address of confsync, and the function that Calendar calls for each solution.
 * https://developers.google.com/workspace/add-ons/calendar/conferencing/create-conference
 */

/** How each code of an entry point is set. Calendar has no way to be told a label. */
const CODES = {
  meetingCode: 'setMeetingCode',
  accessCode: 'setAccessCode',
  passcode: 'setPasscode',
  password: 'setPassword',
  pin: 'setPin',
  regionCode: 'setRegionCode',
};

/** Where people see their accounts: the add-on's settings, in Calendar. */
function createSettingsUrl() {
  return ask_('settings=true', {settings: true}).settingsUrl;
}

/** The conference of that solution for the event, or why there is none. */
function create_(solution, {eventData: {calendarId, eventId}}) {
  try {
    const query = `solution=${encodeURIComponent(solution)}`;
    return conference_(ask_(query, {eventData: {calendarId, eventId}}).conferenceData);
  } catch (error) {
    console.error(error);
    return refusal_({type: error.conferenceErrorType});
  }
}

/** What confsync answers, to the person who uses Calendar: their identity token says who that is. */
function ask_(query, question) {
  const token = ScriptApp.getIdentityToken();
  const answer = fetch_(`${CONFSYNC}?${query}`, {
    method: 'post',
    contentType: 'application/json',
    headers: {Authorization: `Bearer ${token}`},
    payload: JSON.stringify(question),
    followRedirects: false,
    muteHttpExceptions: true,
  });
  const status = answer.getResponseCode();
  if (status !== 200) {
    throw failure_(`confsync answers ${status}: ${answer.getContentText().slice(0, 500)}`, typeOf_(status));
  }
  return JSON.parse(answer.getContentText());
}

/** Nobody there, or no answer in time: that passes. */
function fetch_(url, options) {
  try {
    return UrlFetchApp.fetch(url, options);
  } catch (error) {
    throw failure_(error.message, 'TEMPORARY');
  }
}

function typeOf_(status) {
  if (status === 401 || status === 403) return 'PERMISSION_DENIED';
  return status === 429 || status >= 500 ? 'TEMPORARY' : 'PERMANENT';
}

function failure_(message, conferenceErrorType) {
  return Object.assign(new Error(message), {conferenceErrorType});
}

function conference_(data) {
  if (data.error) return refusal_(data.error);
  const builder = ConferenceDataService.newConferenceDataBuilder()
      .setConferenceId(data.conferenceId)
      .setConferenceSolutionId(data.conferenceSolutionId);
  // Apps Script takes no sips: addresses, unlike Calendar's API
  data.entryPoints.filter(({uri}) => !uri.startsWith('sips:')).forEach((point) => builder.addEntryPoint(entryPoint_(point)));
  (data.parameters || []).forEach(({key, value}) => builder.addConferenceParameter(
      ConferenceDataService.newConferenceParameter().setKey(key).setValue(value)));
  if (data.note) builder.setNotes(data.note);
  return builder.build();
}

function entryPoint_(told) {
  const {EntryPointType, EntryPointFeature} = ConferenceDataService;
  const point = ConferenceDataService.newEntryPoint().setEntryPointType(EntryPointType[told.type]).setUri(told.uri);
  Object.keys(CODES).filter((code) => told[code]).forEach((code) => point[CODES[code]](told[code]));
  (told.features || []).forEach((feature) => point.addFeature(EntryPointFeature[feature]));
  return point;
}

function refusal_({type, authenticationUrl}) {
  const {ConferenceErrorType} = ConferenceDataService;
  const error = ConferenceDataService.newConferenceError()
      .setConferenceErrorType(ConferenceErrorType[type] || ConferenceErrorType.UNKNOWN);
  if (authenticationUrl) error.setAuthenticationUrl(authenticationUrl);
  return ConferenceDataService.newConferenceDataBuilder().setError(error).build();
}
