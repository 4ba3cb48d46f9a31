"""When theory says that the class is decided: spectra, speciation, schedules, published figures."""
