"""Objects: recordings, exports and the like, in a folder or in a bucket that speaks S3."""
