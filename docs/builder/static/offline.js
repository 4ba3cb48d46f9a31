// a file may not read another: without a server the search shows its hits without a line of each
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false
