"""The service: reads archive and lake, calls the pipeline, writes what it concludes."""
