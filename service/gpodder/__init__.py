"""The API of gpodder.net, version 2, as AntennaPod, gPodder and mygpoclient speak it."""
