//! The guard of Probity: verifies requests at the edge, in front of any application.
