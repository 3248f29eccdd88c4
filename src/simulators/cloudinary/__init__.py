"""The Cloudinary simulator: takes signed uploads, delivers them untouched, fails on demand."""
