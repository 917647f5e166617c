package eventlog

// HistoryText is the query of a page of the history, so that tests can ask how it is answered.
var HistoryText = (*Log).historyText
