"""Media: the files of episodes, where they lie and who may fetch them."""
